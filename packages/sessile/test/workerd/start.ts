import { fileURLToPath } from "node:url";
import { type ServeOptions, type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder, until } from "../../src/node/server/fixtures/processes.ts";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { bundle } from "../bundle.ts";
import { testLog } from "../test-log.ts";
import { RawSocket, type SocketOptions } from "./raw-socket.ts";
import { SideServer } from "./side-server.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed if it is JSON, else text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes, and a wrong one fails them
  readonly body: any;
}

export interface AskOptions {
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string;
  readonly headers?: Record<string, string>;
}

type MoreBindings = Pick<ServeOptions, "r2" | "vars" | "log">;

let names = 0;

/** A running server with the fixture Worker, its own data folder and its own side server. */
export class Fixture {
  readonly side: SideServer;
  readonly #folder: ReturnType<typeof temporaryFolder>;
  readonly #source: string;
  readonly #more: MoreBindings;
  readonly #sockets: RawSocket[] = [];
  #server: Server;

  private constructor(
    side: SideServer,
    folder: ReturnType<typeof temporaryFolder>,
    source: string,
    server: Server,
    more: MoreBindings,
  ) {
    this.side = side;
    this.#folder = folder;
    this.#source = source;
    this.#more = more;
    this.#server = server;
  }

  static async start(more: MoreBindings = {}): Promise<Fixture> {
    const source = await bundle(fileURLToPath(new URL("fixture-worker.ts", import.meta.url)));
    const side = await SideServer.start();
    const folder = temporaryFolder();
    return new Fixture(
      side,
      folder,
      source,
      await serveFixture(source, folder.path, side.url, 0, more),
      more,
    );
  }

  get url(): string {
    return this.#server.url;
  }

  /** Where the server keeps its data. */
  get folder(): string {
    return this.#folder.path;
  }

  get server(): Server {
    return this.#server;
  }

  /** A name nobody has used. */
  name(prefix = "s"): string {
    names += 1;
    return `${prefix}-${names}`;
  }

  /** Stops the server and starts it on the same folder and port. What lived in memory is gone. */
  async restart(whileDown: () => void | Promise<void> = () => {}): Promise<void> {
    const { port } = this.#server;
    await this.#server.close();
    await whileDown();
    this.#server = await serveFixture(this.#source, this.#folder.path, this.side.url, port, this.#more);
  }

  async stop(): Promise<void> {
    for (const { socket } of this.#sockets) socket.terminate();
    await this.#server.close();
    await this.side.stop();
    this.#folder[Symbol.dispose]();
  }

  /** Kills the runtime in the middle of whatever it does; resolves once it serves again. */
  async crash(): Promise<void> {
    const pid = this.#server.runtimePid;
    if (pid === undefined) throw new Error("the runtime's pid is not known");
    process.kill(pid, "SIGKILL");
    await until(async () => {
      const answer = await fetch(this.url).catch(() => null);
      return answer !== null && this.#server.runtimePid !== pid;
    });
  }

  /** Only objects that are at rest can be evicted: with a request of their own in flight this waits, and gives up. */
  evict(name: string, className = "Notes"): Promise<void> {
    return this.#server.evict(className, name);
  }

  /** `path` is below `/v1/sessions/` unless it begins with a slash. */
  async ask(method: string, path: string, { body, text, headers = {} }: AskOptions = {}): Promise<Answer> {
    const response = await fetch(this.at(path), {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(text === undefined ? {} : { body: text }),
    });
    return { status: response.status, headers: response.headers, body: parsed(await response.text()) };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask("GET", path, { headers });
  }

  at(path: string): string {
    return `${this.url}${path.startsWith("/") ? path : `/v1/sessions/${path}`}`;
  }

  /** Calls a method over HTTP; throws what is not a success. */
  async call(name: string, method: string, ...args: readonly unknown[]): Promise<unknown> {
    const answer = await this.ask("POST", `notes/${name}/call/${method}`, { body: args });
    if (answer.status !== 200) throw new Error(`${method} answered ${JSON.stringify(answer.body)}`);
    return answer.body.result;
  }

  /** The whole log of a session, over HTTP. */
  async log(name: string, kind = "notes"): Promise<SessionEvent[]> {
    const events: SessionEvent[] = [];
    for (;;) {
      const { body } = await this.get(`${kind}/${name}/events?limit=1000&after=${events.length}`);
      events.push(...body.items);
      if (!body.hasMore) return events;
    }
  }

  /** A socket that has not said hello. */
  async connect(name: string, options: SocketOptions & { readonly kind?: string } = {}): Promise<RawSocket> {
    const socket = await RawSocket.open(this.at(`${options.kind ?? "notes"}/${name}`), options);
    this.#sockets.push(socket);
    return socket;
  }

  /** A socket that is live. */
  async live(name: string, options: SocketOptions & { readonly kind?: string } = {}): Promise<RawSocket> {
    const socket = await this.connect(name, options);
    await socket.greet();
    return socket;
  }
}

function serveFixture(
  source: string,
  dir: string,
  sideUrl: string,
  port: number,
  { r2 = [], vars = {}, log }: MoreBindings,
): Promise<Server> {
  return serve({
    worker: { source },
    dir,
    port,
    compatibilityDate,
    durableObjects: {
      NOTES: { className: "Notes" },
      TINY: { className: "Tiny" },
      VOICES: { className: "Voices" },
      CROWDS: { className: "Crowds" },
      WHISPERS: { className: "Whispers" },
      SESSILE_RELAY: { className: "Relay" },
      CHATS: { className: "Chats" },
      STREAMS: { className: "StreamObject" },
      SESSILE_STREAM: { className: "StreamObject" },
      SESSILE_SUBSCRIPTIONS: { className: "StreamSubscriptions" },
      DIARY: { className: "Diary" },
      CHRONICLE: { className: "Chronicle" },
      BOOKS: { className: "Books" },
      METERED: { className: "Metered" },
      ORDERS: { className: "Orders" },
      SHELVES: { className: "Shelves" },
      VAULTS: { className: "Vaults" },
      SESSILE_FEED: { className: "DirectoryFeed" },
    },
    d1: ["SESSILE_RECORD"],
    r2,
    // Names by which only the origin of a page can be foreign, so that the Worker's own check is reached.
    allowedHosts: ["friend.example", "other.example"],
    vars: { SIDE_URL: sideUrl, ...vars },
    log(entry) {
      log?.(entry);
      testLog(entry);
    },
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
