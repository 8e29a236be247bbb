import { WebSocket } from "ws";
import {
  type Ack,
  type Commit,
  type CommitFrame,
  type EventsFrame,
  eventsOf,
  type ServerFrame,
  type SessionEvent,
  subprotocol,
  type WelcomeFrame,
} from "../../src/protocol/index.ts";

type Frame = ServerFrame | { readonly t: "directory"; readonly changes: readonly Record<string, unknown>[] };
export type FrameOf<T extends Frame["t"]> = Extract<Frame, { t: T }>;

/** Longest a test waits for one frame; far above what any takes, and below the runner's own limit, so that the test says which. */
const frameTimeoutMs = 30_000;

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/**
 * A socket that speaks the protocol by hand, so that a test sees each frame as it is. Frames are kept in order; `next` takes the
 * first that fits from where the last one was taken.
 */
export class RawSocket {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<Closed>;
  #taken = 0;
  #wake: (() => void)[] = [];
  #end: Closed | null = null;

  private constructor(url: string, protocols: readonly string[], headers: Record<string, string>) {
    // Uncompressed, so that what a test sends is what fills the buffers on the way.
    this.socket = new WebSocket(url, [...protocols], { headers, perMessageDeflate: false });
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => {
        this.#end = { code, reason: String(reason) };
        resolve(this.#end);
        this.#woken();
      });
    });
    this.socket.on("message", (data, isBinary) => {
      const text = String(data);
      this.frames.push(isBinary || text === "pong" ? ({ t: text } as never) : (JSON.parse(text) as Frame));
      this.#woken();
    });
  }

  /** Rejects if the upgrade is refused. */
  static async open(
    url: string,
    { protocols = [subprotocol], headers = {} }: SocketOptions = {},
  ): Promise<RawSocket> {
    const raw = new RawSocket(url.replace(/^http/, "ws"), protocols, headers);
    await new Promise((resolve, reject) => raw.socket.once("open", resolve).once("error", reject));
    raw.socket.on("error", () => {});
    return raw;
  }

  send(frame: unknown): void {
    this.socket.send(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  /** The next frame that fits; those before it are passed over, and stay in `frames`. One waiter at a time. */
  async next<T extends Frame["t"]>(
    type: T,
    fits: (frame: FrameOf<T>) => boolean = () => true,
  ): Promise<FrameOf<T>> {
    const timer = setTimeout(() => this.#woken(), frameTimeoutMs);
    const deadline = Date.now() + frameTimeoutMs;
    try {
      for (;;) {
        while (this.#taken < this.frames.length) {
          const frame = this.frames[this.#taken++] as Frame;
          if (frame.t === type && fits(frame as FrameOf<T>)) return frame as FrameOf<T>;
        }
        if (this.#end)
          throw new Error(`closed with ${this.#end.code} ${this.#end.reason} before a ${type} frame`);
        if (Date.now() >= deadline) throw new Error(`no ${type} frame that fits; last: ${this.#last()}`);
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Says hello, takes the welcome, and pulls pages until live. */
  async greet(
    hello: { after?: number; history?: number; events?: boolean; short?: boolean } = {},
  ): Promise<WelcomeFrame> {
    this.send({ t: "hello", v: 1, ...hello });
    const welcome = await this.next("welcome");
    if (hello.events !== false) await this.catchUp();
    return welcome;
  }

  async catchUp(): Promise<EventsFrame[]> {
    const pages: EventsFrame[] = [];
    for (;;) {
      const page = await this.next("events");
      pages.push(page);
      if (!page.more) return pages;
      this.send({ t: "pull", after: this.lastSeq });
    }
  }

  /** Sends one frame of commands and gathers their outcomes, in the order of the commands. */
  async do(...commands: readonly { readonly id: string; readonly [key: string]: unknown }[]): Promise<Ack[]> {
    const waiting = new Set(commands.map(({ id }) => id));
    const acks = new Map<string, Ack>();
    this.send({ t: "do", commands });
    while (waiting.size > 0) {
      const frame = await this.next("commit", (commit) =>
        (commit.acks ?? []).some(({ id }) => waiting.has(id)),
      );
      for (const ack of frame.acks ?? []) {
        acks.set(ack.id, ack);
        waiting.delete(ack.id);
      }
    }
    return commands.map(({ id }) => acks.get(id) as Ack);
  }

  /** Waits until an event that fits has come, and returns it. */
  async event(fits: (event: SessionEvent) => boolean): Promise<SessionEvent> {
    const known = this.events().find(fits);
    if (known) return known;
    await this.next("commit", (frame) => commitsOf(frame).some((commit) => unpack(commit).some(fits)));
    return this.events().find(fits) as SessionEvent;
  }

  /** Every commit that came, pages and live ones, as it came. */
  commits(): Commit[] {
    return this.frames.flatMap((frame) => {
      if (frame.t === "events") return [...(frame as EventsFrame).commits];
      return frame.t === "commit" ? commitsOf(frame as CommitFrame) : [];
    });
  }

  /** Every event that came, in the order it came, repeats included. */
  events(): SessionEvent[] {
    return this.commits().flatMap(unpack);
  }

  /** Seq of the last event that came. */
  get lastSeq(): number {
    return this.events().at(-1)?.seq ?? 0;
  }

  close(code = 1000): Promise<Closed> {
    this.socket.close(code);
    return this.closed;
  }

  #woken(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }

  #last(): string {
    return JSON.stringify(this.frames.at(-1))?.slice(0, 300) ?? "none at all";
  }
}

export interface SocketOptions {
  readonly protocols?: readonly string[];
  readonly headers?: Record<string, string>;
}

function commitsOf({ commit, commits = [] }: CommitFrame): Commit[] {
  return commit ? [commit] : [...commits];
}

/** The session's own part of an event's id does not matter here. */
function unpack(commit: Commit): SessionEvent[] {
  return eventsOf(commit, 0);
}
