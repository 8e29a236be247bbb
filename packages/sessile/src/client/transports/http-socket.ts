import {
  type Ack,
  type ClientFrame,
  type HelloFrame,
  pingText,
  pongText,
  type ServerFrame,
  SessileError,
  type SessionEvent,
} from "../../protocol/index.ts";
import type { Clock, SocketEvent, SocketLike, TransportName } from "../environment.ts";
import { closeCodeOf } from "../refusal-code.ts";
import { commitOf, firstCursor, type ReadPage, type SessionRequests } from "../session-requests.ts";
import { HttpCommands, type SentCommand } from "./http-commands.ts";
import { PagePace } from "./page-pace.ts";

export type HttpTransportName = Exclude<TransportName, "websocket">;

export interface HttpSocketOptions {
  readonly via: HttpTransportName;
  readonly requests: SessionRequests;
  readonly clock: Clock;
  /** Between polls. */
  readonly intervalMs: number;
}

const longPollSeconds = 25;
const connectionLost = 1006;

type SocketEventType = "open" | "message" | "close" | "error";

/**
 * Frames of `sessile.v1` over plain HTTP, so that the connection cannot tell it from a socket: what it sends becomes requests, and
 * answers become frames. A request that fails ends it, as a lost connection ends a socket; the connection comes back and resumes.
 */
export class HttpSocket implements SocketLike {
  readonly via: HttpTransportName;
  readonly #options: HttpSocketOptions;
  readonly #listeners: { readonly type: SocketEventType; readonly run: (event: SocketEvent) => void }[] = [];
  readonly #ended = new AbortController();
  readonly #commands: HttpCommands;
  readonly #pace = new PagePace();
  /** Seq of the last event handed over. */
  #cursor = 0;
  /** When the session began, in milliseconds since 1970. */
  #createdAt: number | undefined;
  #etag: string | null = null;
  #draftVersion = "";
  /** Answers whose events are not handed over yet. */
  #held: Ack[] = [];
  #wanted: (() => void)[] = [];
  #wake: () => void = () => {};
  #isPingOpen = false;
  #isProven = false;

  constructor(options: HttpSocketOptions) {
    this.via = options.via;
    this.#options = options;
    this.#commands = new HttpCommands({
      requests: options.requests,
      ended: this.#ended.signal,
      onAcks: (acks, commands) => this.#onAcks(acks, commands),
      onFailure: (thrown) => this.#fail(thrown),
    });
    queueMicrotask(() => this.#emit({ type: "open" }));
  }

  /** Whether this way of getting events has been seen to work. */
  get isProven(): boolean {
    return this.#isProven;
  }

  addEventListener(type: SocketEventType, run: (event: SocketEvent) => void): void {
    this.#listeners.push({ type, run });
  }

  send(text: string): void {
    if (text === pingText) {
      this.#onPing();
      return;
    }
    const frame = JSON.parse(text) as ClientFrame;
    if (frame.t === "hello") void this.#guard(() => this.#greet(frame));
    else if (frame.t === "pull") void this.#guard(() => this.#read(frame.after));
    else if (frame.t === "do") this.#commands.send(frame.commands as unknown as readonly SentCommand[]);
  }

  close(): void {
    this.#end(1000, "");
  }

  /** The next poll now. The other transports are told by themselves. */
  async refresh(): Promise<void> {
    if (this.via !== "poll" || this.#ended.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wanted.push(resolve);
      this.#wake();
    });
  }

  async #greet(hello: HelloFrame): Promise<void> {
    const query = new URLSearchParams();
    if (hello.after !== undefined) query.set("after", String(hello.after));
    if (hello.from !== undefined) query.set("from", hello.from);
    const welcome = await this.#options.requests.welcome(query, this.#ended.signal);
    // Before it is handed over: commands may follow in the same turn.
    const isReader = hello.events !== false;
    this.#createdAt = welcome.createdAt;
    this.#cursor = isReader ? firstCursor(hello, welcome) : Number.POSITIVE_INFINITY;
    this.#tell(welcome);
    if (isReader) await this.#read(this.#cursor);
    else this.#isProven = true;
  }

  /** One page; after the last one whatever follows, until another page is asked for. */
  async #read(after: number): Promise<void> {
    const signal = this.#pace.begin(this.#ended.signal);
    try {
      const answer = await this.#options.requests.page(this.#query(after), null, signal);
      if (signal.aborted || !answer) return;
      this.#pace.came();
      const { items, nextAfter, hasMore } = answer.page;
      this.#assertSame(after, answer.page);
      this.#cursor = nextAfter;
      this.#etag = null;
      this.#tell({ t: "events", commits: items.map(commitOf), more: hasMore });
      this.#answer([]);
      this.#takeDraft(answer.page);
      if (hasMore) return;
      while (!signal.aborted) await this.#follow(signal);
    } catch (thrown) {
      // Another reading has begun, which is not this one's failure.
      if (!signal.aborted) throw thrown;
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    if (this.via === "sse") return this.#stream(signal);
    this.#isProven = true;
    const waitSeconds = this.via === "longpoll" ? longPollSeconds : 0;
    if (this.via === "poll") await this.#pause(signal);
    if (signal.aborted) return;
    const wanted = this.#wanted;
    this.#wanted = [];
    try {
      const after = this.#cursor;
      const query = `${this.#query(after)}&wait=${waitSeconds}`;
      const answer = await this.#options.requests.page(query, this.#etag, signal);
      if (!answer || signal.aborted) return;
      const { items, lastSeq, hasMore } = answer.page;
      this.#assertSame(after, answer.page);
      // The tag is for a cursor, so it is of use only while the cursor stays.
      this.#etag = items.length === 0 ? answer.etag : null;
      this.#deliver(items);
      this.#takeDraft(answer.page);
      // More than a page: the rest is read as any catch-up is.
      if (hasMore) this.#tell({ t: "behind", lastSeq });
    } finally {
      for (const resolve of wanted) resolve();
    }
  }

  #query(after: number): string {
    return `after=${after}&limit=${this.#pace.limit}&draft=${this.#draftVersion}`;
  }

  #takeDraft({ draft, draftVersion }: ReadPage): void {
    if (draftVersion !== this.#draftVersion) this.#tell({ t: "draft", draft });
    this.#draftVersion = draftVersion;
  }

  async #stream(signal: AbortSignal): Promise<void> {
    for await (const { events, draft } of this.#options.requests.stream(this.#cursor, signal)) {
      this.#isProven = true;
      if (signal.aborted) return;
      if (this.#isPingOpen) this.#pong();
      if ((events[0]?.seq ?? Number.POSITIVE_INFINITY) <= this.#cursor) throw anotherLog();
      this.#deliver(events);
      if (draft !== undefined) this.#tell({ t: "draft", draft });
    }
    if (!signal.aborted) throw new Error("The stream ended.");
  }

  /** Until the next poll is due or somebody asks for it. */
  async #pause(signal: AbortSignal): Promise<void> {
    if (this.#wanted.length > 0 || this.#held.length > 0) return;
    const { clock, intervalMs } = this.#options;
    const page = globalThis.document;
    const isVisible = (): void => void (page?.visibilityState === "visible" && this.#wake());
    const wake = (): void => this.#wake();
    let timer: unknown;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = clock.setTimeout(resolve, intervalMs);
      page?.addEventListener("visibilitychange", isVisible);
      signal.addEventListener("abort", wake);
      if (signal.aborted) resolve();
    });
    clock.clearTimeout(timer);
    page?.removeEventListener("visibilitychange", isVisible);
    signal.removeEventListener("abort", wake);
  }

  async #onAcks(acks: readonly Ack[], commands: readonly SentCommand[]): Promise<void> {
    // Like events, the draft shows once the command that changed it is answered.
    if (commands.some(({ op }) => op.endsWith("Draft"))) await this.#readDraft();
    this.#answer(acks);
  }

  async #readDraft(): Promise<void> {
    if (this.#cursor === Number.POSITIVE_INFINITY) return;
    const query = new URLSearchParams({ after: String(this.#cursor) });
    const { draft } = await this.#options.requests.welcome(query, this.#ended.signal);
    this.#tell({ t: "draft", draft: draft ?? null });
  }

  #deliver(events: readonly SessionEvent[]): void {
    const commits = events.filter(({ seq }) => seq > this.#cursor).map(commitOf);
    this.#cursor = events.at(-1)?.seq ?? this.#cursor;
    this.#answer([], commits);
  }

  /** Hands over answers, each together with or after its events, so that a settled command can be seen. */
  #answer(more: readonly Ack[], commits: readonly ReturnType<typeof commitOf>[] = []): void {
    const isDue = (ack: Ack): boolean => "error" in ack || ack.seq <= this.#cursor;
    const held = [...this.#held, ...more];
    const acks = held.filter(isDue);
    this.#held = held.filter((ack) => !isDue(ack));
    if (acks.length > 0 || commits.length > 0) this.#tell({ t: "commit", commits, acks });
    if (this.#held.length > 0) this.#wake();
  }

  /** Only a stream can die unnoticed; whoever asks is not answered, and asks again. */
  #onPing(): void {
    this.#isPingOpen = true;
    if (this.via !== "sse" || this.#pace.isAwaited) queueMicrotask(() => this.#pong());
  }

  #pong(): void {
    this.#isPingOpen = false;
    this.#emit({ type: "message", data: pongText });
  }

  /** Another session may have begun under the name; a new greeting will say so. */
  #assertSame(after: number, { lastSeq, createdAt }: ReadPage): void {
    const isOther = this.#createdAt !== undefined && Date.parse(createdAt) !== this.#createdAt;
    if (isOther || lastSeq < after) throw anotherLog();
  }

  async #guard(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #fail(thrown: unknown): void {
    if (!(thrown instanceof SessileError)) {
      this.#end(connectionLost, "");
      return;
    }
    this.#tell({ t: "error", error: thrown.toWire() });
    this.#end(closeCodeOf(thrown), thrown.message);
  }

  #tell(frame: ServerFrame): void {
    this.#emit({ type: "message", data: JSON.stringify(frame) });
  }

  #end(code: number, reason: string): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    for (const resolve of this.#wanted) resolve();
    for (const { type, run } of this.#listeners) if (type === "close") run({ type, code, reason });
  }

  #emit(event: SocketEvent): void {
    if (this.#ended.signal.aborted) return;
    for (const { type, run } of this.#listeners) if (type === event.type) run(event);
  }
}

/** A connection that was lost comes back, and is told how the log is now. */
function anotherLog(): Error {
  return new Error("The log is another one.");
}
