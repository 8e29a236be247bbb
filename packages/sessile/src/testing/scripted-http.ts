import { type Command, eventsOf, type SessionEvent, sessionKeyOf } from "../protocol/index.ts";
import type { FakeClock } from "./fake-clock.ts";
import type { ScriptedServer } from "./scripted-server.ts";

/** A request on its way, and what becomes of it. */
interface Exchange {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly commands: readonly Command[];
  readonly signal: AbortSignal | null;
  readonly resolve: (answer: Response) => void;
  /** As when the connection breaks. */
  readonly fail: () => void;
}

interface OpenStream {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  cursor: number;
}

const pageEvents = 4;
const encoder = new TextEncoder();

/** A scripted server over HTTP. Requests and answers stand in two queues, from which a test delivers, loses and repeats them. */
export class ScriptedHttp {
  readonly requests: Exchange[] = [];
  readonly answers: { readonly exchange: Exchange; readonly deliver: () => void }[] = [];
  readonly #server: ScriptedServer;
  readonly #clock: FakeClock;
  /** Everything unanswered, wherever it is. */
  #open = new Set<Exchange>();
  #longPolls = new Set<Exchange>();
  #streams = new Set<OpenStream>();

  constructor(server: ScriptedServer, clock: FakeClock) {
    this.#server = server;
    this.#clock = clock;
  }

  readonly fetch: typeof globalThis.fetch = (input, init = {}) =>
    new Promise((resolve, reject) => {
      const { pathname, searchParams } = new URL(String(input));
      const signal = init.signal ?? null;
      const exchange: Exchange = {
        path: pathname.split("/").at(-1) as string,
        query: searchParams,
        headers: new Headers(init.headers),
        commands: init.body ? (JSON.parse(String(init.body)) as { commands: Command[] }).commands : [],
        signal,
        resolve: (answer) => {
          this.#open.delete(exchange);
          resolve(answer);
        },
        fail: () => {
          this.#open.delete(exchange);
          this.#longPolls.delete(exchange);
          reject(new TypeError("fetch failed"));
        },
      };
      this.#open.add(exchange);
      signal?.addEventListener("abort", exchange.fail);
      if (signal?.aborted) exchange.fail();
      else this.requests.push(exchange);
    });

  /** The server takes the oldest request. @param times more than 1 as when a proxy sends it again */
  receive(times = 1): boolean {
    const exchange = this.requests.shift();
    if (!exchange) return false;
    for (let n = 0; n < times; n++) this.#handle(exchange);
    this.flush();
    return true;
  }

  /** Answers whoever waits for what is new by now. */
  flush(): void {
    for (const exchange of this.#longPolls) this.#page(exchange, 0);
    for (const stream of this.#streams) {
      const events = this.#after(stream.cursor);
      stream.cursor = events.at(-1)?.seq ?? stream.cursor;
      const text = events.map((event) => `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`).join("");
      if (text) stream.controller.enqueue(encoder.encode(text));
    }
  }

  /** Every connection breaks. */
  break(): void {
    this.requests.length = 0;
    this.answers.length = 0;
    for (const exchange of this.#open) exchange.fail();
    for (const { controller } of this.#streams) controller.error(new TypeError("terminated"));
    this.#streams.clear();
  }

  #handle(exchange: Exchange): void {
    const { path, query, headers, commands } = exchange;
    if (path === "welcome") this.#answer(exchange, () => Response.json(this.#welcome(query)));
    else if (path === "commands") {
      const { acks } = this.#server.run(commands);
      this.#answer(exchange, () => Response.json({ items: acks }));
    } else if (headers.get("accept") === "text/event-stream") {
      this.#answer(exchange, () => this.#stream(Number(query.get("after")), exchange.signal));
    } else this.#page(exchange, Number(query.get("wait") ?? 0));
  }

  #answer(exchange: Exchange, make: () => Response): void {
    this.answers.push({ exchange, deliver: () => exchange.resolve(make()) });
  }

  #welcome(query: URLSearchParams): object {
    const { lastSeq, view } = this.#server;
    const resumes = query.has("after") && Number(query.get("after")) <= lastSeq;
    const about = { peerId: "p1", actor: { id: "ada" }, lastSeq, createdAt: view.createdAt };
    return { t: "welcome", v: 1, ...about, ...(resumes ? {} : { view }) };
  }

  #page(exchange: Exchange, waitSeconds: number): void {
    const after = Number(exchange.query.get("after"));
    const { lastSeq, view } = this.#server;
    const limit = Math.min(pageEvents, Number(exchange.query.get("limit") ?? pageEvents));
    const items = this.#after(after).slice(0, limit);
    if (items.length === 0 && (waitSeconds > 0 || this.#longPolls.has(exchange)) && after <= lastSeq) {
      if (waitSeconds === 0) return;
      this.#longPolls.add(exchange);
      this.#clock.setTimeout(() => {
        if (this.#longPolls.delete(exchange)) this.#page(exchange, 0);
      }, waitSeconds * 1_000);
      return;
    }
    this.#longPolls.delete(exchange);
    const nextAfter = items.at(-1)?.seq ?? after;
    const createdAt = new Date(view.createdAt).toISOString();
    const etag = `"${after}-${nextAfter}-${lastSeq}-${createdAt}"`;
    const page = { items, nextAfter, hasMore: nextAfter < lastSeq, lastSeq, createdAt };
    this.#answer(exchange, () =>
      exchange.headers.get("if-none-match") === etag
        ? new Response(null, { status: 304, headers: { etag } })
        : Response.json({ ...page, draft: null, draftVersion: "none" }, { headers: { etag } }),
    );
  }

  #stream(cursor: number, signal: AbortSignal | null): Response {
    let stream: OpenStream | null = null;
    const end = (): void => void (stream && this.#streams.delete(stream));
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        stream = { controller, cursor: cursor <= this.#server.lastSeq ? cursor : 0 };
        this.#streams.add(stream);
        controller.enqueue(encoder.encode("retry: 1000\n\n"));
        signal?.addEventListener("abort", () => {
          if (stream && this.#streams.has(stream)) controller.error(new TypeError("aborted"));
          end();
        });
      },
      cancel: end,
    });
    this.flush();
    return new Response(body);
  }

  #after(after: number): readonly SessionEvent[] {
    const key = sessionKeyOf("note", "n1");
    return this.#server.log.flatMap((commit) => eventsOf(commit, key, after));
  }
}
