import { type Json, SessileError, type StreamChunk } from "../protocol/index.ts";

/** A stream as far as it has come. */
export interface StreamSnapshot {
  readonly status: "reading" | "ended" | "failed";
  readonly chunks: readonly StreamChunk[];
  /** The chunks that are texts, together. */
  readonly text: string;
  /** What an ended stream came to. */
  readonly output: Json;
  /** How a failed one failed, or why it cannot be read. */
  readonly error: SessileError | null;
}

const nothingYet: StreamSnapshot = { status: "reading", chunks: [], text: "", output: null, error: null };

/** Reads one stream while somebody listens, and keeps what came. */
export class FollowedStream {
  readonly #open: (signal: AbortSignal, onResync: () => void) => AsyncGenerator<StreamChunk, Json, undefined>;
  readonly #listeners = new Set<() => void>();
  #chunks: StreamChunk[] = [];
  #text = "";
  #end: Pick<StreamSnapshot, "status" | "output" | "error"> = nothingYet;
  #snapshot: StreamSnapshot | null = nothingYet;
  #abort: AbortController | null = null;

  constructor(
    open: (signal: AbortSignal, onResync: () => void) => AsyncGenerator<StreamChunk, Json, undefined>,
  ) {
    this.#open = open;
  }

  /** The same object until something has come. */
  readonly getSnapshot = (): StreamSnapshot => {
    this.#snapshot ??= { ...this.#end, chunks: [...this.#chunks], text: this.#text };
    return this.#snapshot;
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (!this.#abort) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#abort?.abort();
      this.#abort = null;
    };
  };

  #start(): void {
    this.#abort = new AbortController();
    this.#reset();
    void this.#read(this.#abort.signal);
  }

  async #read(signal: AbortSignal): Promise<void> {
    const reading = this.#open(signal, () => {
      this.#reset();
      this.#changed();
    });
    try {
      for (;;) {
        const { done, value } = await reading.next();
        if (signal.aborted) return;
        if (done) {
          this.#end = { status: "ended", output: value, error: null };
          break;
        }
        this.#chunks.push(value);
        if (typeof value === "string") this.#text += value;
        this.#changed();
      }
    } catch (thrown) {
      if (signal.aborted) return;
      this.#end = { status: "failed", output: null, error: SessileError.from(thrown) };
    }
    this.#changed();
  }

  /** What was read is void, or was read for somebody who has gone. */
  #reset(): void {
    this.#chunks = [];
    this.#text = "";
    this.#end = nothingYet;
    this.#snapshot = nothingYet;
  }

  #changed(): void {
    this.#snapshot = null;
    for (const listener of this.#listeners) listener();
  }
}
