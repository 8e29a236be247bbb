import { WebSocket } from "ws";
import { postOk } from "../peers/stream-peers.ts";

/** What is used of a stream's frames. */
interface Frame {
  readonly t: string;
  readonly to?: number;
  readonly chunks?: readonly string[];
  readonly more?: true;
}

/** Reads the stream `s` of a session over a WebSocket, and keeps how old each chunk was when it came, in ms. */
export class StreamViewer {
  readonly socket: WebSocket;
  /** It has what there was. */
  readonly live: Promise<void>;
  readonly ended: Promise<void>;
  ages: number[] = [];
  chunks = 0;
  lastAt = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #hasThem: () => void = () => {};

  constructor(base: string, session: string) {
    this.socket = new WebSocket(`${base.replace(/^http/, "ws")}/v1/sessions/bench/${session}/streams/s`, {
      perMessageDeflate: false,
    });
    const live = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    this.live = live.promise;
    this.ended = ended.promise;
    // Whoever waits for the first of them hears of a failure; not everybody waits for the other.
    ended.promise.catch(() => {});
    const fail = (reason: unknown): void => {
      live.reject(reason);
      ended.reject(reason);
    };
    this.socket.on("error", fail);
    this.socket.on("close", (code) => fail(new Error(`A viewer of ${session} was closed with ${code}.`)));
    this.socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      this.#take(frame);
      if (frame.chunks && !frame.more) live.resolve();
      if (frame.t !== "end") return;
      ended.resolve();
      this.socket.terminate();
    });
  }

  forget(): void {
    this.ages = [];
  }

  /** Resolves when so many chunks have come since it forgot. */
  has(chunks: number): Promise<void> {
    this.#wanted = chunks;
    return Promise.race([new Promise<void>((resolve) => (this.#hasThem = resolve)), this.ended]);
  }

  #take({ t, to, chunks, more }: Frame): void {
    const now = Date.now();
    for (const chunk of chunks ?? []) this.ages.push(now - Number(chunk.slice(0, 13)));
    if (chunks) {
      this.chunks += chunks.length;
      this.lastAt = performance.now();
      if (this.ages.length >= this.#wanted) this.#hasThem();
    }
    if (more || t === "behind") this.socket.send(JSON.stringify({ t: "pull", offset: to ?? this.chunks }));
  }
}

/** Calls a method of a session of the bench. */
export function callBench(base: string, session: string, method: string, ...args: unknown[]): Promise<void> {
  return postOk(`${base}/v1/sessions/bench/${session}/call/${method}`, args);
}
