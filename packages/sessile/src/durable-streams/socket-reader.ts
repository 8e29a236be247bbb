import { closeCodes } from "../protocol/close-code.ts";
import { SessileError } from "../protocol/error.ts";
import type { StreamFrame, StreamInfo } from "../protocol/stream.ts";
import type { LiveReader, LiveUpdate } from "./stream-port.ts";

type Chunks = Extract<StreamFrame, { readonly t: "chunks" }>;

/** Characters of frames that are kept for a reader who does not take them. */
const maxWaitingChars = 4 * 1024 * 1024;

/** @param socket accepted by nobody yet */
export function readSocket(socket: WebSocket, from: number): LiveReader {
  return new SocketReader(socket, from);
}

/**
 * A stream's own socket as a live reader. What arrives while nobody waits is joined, so that a reader who falls behind gets fewer
 * and larger updates; what there is no room for is asked for again once all the rest has been taken.
 */
class SocketReader implements LiveReader {
  readonly #socket: WebSocket;
  #offset: number;
  #pages: Chunks[] = [];
  #waitingChars = 0;
  /** Where the first chunks lie that there was no room for; null: nothing is missing. */
  #missingFrom: number | null = null;
  #mustPull = false;
  /** Where the stream's last chunk ends, as far as that was told. */
  #tail = 0;
  #end: Extract<LiveUpdate, { readonly closedAt: number }> | { readonly failure: unknown } | null = null;
  #wake: () => void = () => {};

  constructor(socket: WebSocket, from: number) {
    this.#socket = socket;
    this.#offset = from;
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return;
      this.#take(JSON.parse(data) as StreamFrame, data.length);
      this.#wake();
    });
    socket.addEventListener("close", ({ code, reason }) => this.#fail(refusalOf(code, reason)));
    socket.addEventListener("error", () => this.#fail(interrupted()));
    socket.accept();
  }

  close(): void {
    this.#socket.close(1000);
  }

  async next(): Promise<LiveUpdate> {
    for (;;) {
      if (this.#pages.length > 0) return this.#joined();
      if (this.#end && "failure" in this.#end) throw this.#end.failure;
      if (this.#end) return this.#end;
      // Only now: what comes for the asking must not wait here.
      if (this.#mustPull) this.#socket.send(JSON.stringify({ t: "pull", offset: this.#offset }));
      this.#mustPull = false;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(frame: StreamFrame, chars: number): void {
    switch (frame.t) {
      case "chunks":
        this.#takeChunks(frame, chars);
        return;
      case "stream":
        this.#tail = Math.max(this.#tail, shownTail(frame.info));
        return;
      case "behind":
        this.#tail = Math.max(this.#tail, frame.tail);
        // If chunks are missing they are asked for already, or will be.
        this.#mustPull ||= this.#missingFrom === null;
        return;
      case "end":
        this.#close({ closedAt: this.#offset, error: null });
        return;
      case "fail":
        this.#close({ closedAt: this.#offset, error: frame.error });
        return;
      case "resync":
        this.#fail(new SessileError("conflict", "Chunks of this stream were withdrawn. Read it again."));
        return;
      default:
        return;
    }
  }

  #takeChunks(frame: Chunks, chars: number): void {
    // Sent before what is missing was asked for: it comes again, after that.
    if (this.#missingFrom !== null && frame.at > this.#missingFrom) return;
    if (this.#missingFrom === null && this.#waitingChars > maxWaitingChars) {
      this.#missingFrom = frame.at;
      this.#mustPull = true;
      return;
    }
    this.#missingFrom = null;
    this.#mustPull ||= frame.more === true;
    if (frame.to <= this.#offset) return;
    this.#pages.push(frame);
    this.#waitingChars += chars;
    this.#offset = frame.to;
  }

  #joined(): LiveUpdate {
    const pages = this.#pages;
    this.#pages = [];
    this.#waitingChars = 0;
    return {
      to: this.#offset,
      chunks: pages.flatMap(({ chunks }) => chunks),
      // A batch is several frames, of which only the last says whether there is more.
      upToDate: pages.at(-1)?.more !== true && this.#missingFrom === null && this.#offset >= this.#tail,
    };
  }

  /** Not the end for a reader who misses chunks of it: it comes back for them. */
  #close(end: Extract<LiveUpdate, { readonly closedAt: number }>): void {
    this.#end ??= this.#missingFrom === null ? end : { failure: interrupted() };
  }

  #fail(failure: unknown): void {
    this.#end ??= { failure };
    this.#wake();
  }
}

/** Chunks that were withdrawn from the end never come. */
function shownTail({ tail, withdrawn }: StreamInfo): number {
  return withdrawn.reduceRight((end, [from, to]) => (to === end ? from : end), tail);
}

function refusalOf(code: number, reason: string): SessileError {
  if (code === closeCodes.gone) return new SessileError("gone", reason);
  if (code === closeCodes.notFound) return new SessileError("not_found", reason);
  return interrupted();
}

function interrupted(): SessileError {
  return new SessileError("unavailable", "The stream was interrupted. Read on from where you are.", {
    retryAfterMs: 1000,
  });
}
