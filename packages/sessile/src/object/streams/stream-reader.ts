import { SessileError } from "../../protocol/error.ts";
import { isOpen, type StreamInfo, type StreamPage } from "../../protocol/stream.ts";
import { ChunkDecoder, type StreamChunk } from "../../protocol/stream-chunk.ts";
import type { ReaderOptions, StreamReader } from "../../protocol/stream-manager.ts";

/** Where a reader gets its chunks. */
export interface StreamSource {
  /** Chunks from an offset on, and how the stream stood then; `info` is null if it is gone. */
  read(offset: number): Promise<{
    readonly info: StreamInfo | null;
    readonly pages: readonly StreamPage[];
    readonly next: number;
    readonly more: boolean;
  }>;
  /** Resolves when the stream stands otherwise than it was known to, at once if it does already, or when `stop` is called. */
  changed(known: StreamInfo): { readonly happened: Promise<void>; readonly stop: () => void };
}

/**
 * Reads a stream page by page, and waits to be told where there is no more yet. It holds one page, however slow it is, and misses
 * nothing, because it waits for the stream to differ from what it has seen.
 */
export class PagedReader implements StreamReader {
  readonly streamId: string;
  readonly #source: StreamSource;
  readonly #onResync: (() => void) | undefined;
  #decoder: ChunkDecoder;
  #generation: number;
  #offset: number;
  #isCancelled = false;
  #stop: (() => void) | null = null;

  constructor(info: StreamInfo, source: StreamSource, { offset, onResync }: ReaderOptions = {}) {
    this.streamId = info.streamId;
    this.#source = source;
    this.#onResync = onResync;
    this.#decoder = new ChunkDecoder(info.contentType);
    this.#generation = info.generation;
    this.#offset = offset ?? info.start;
  }

  get offset(): number {
    return this.#offset;
  }

  get generation(): number {
    return this.#generation;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#stop?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamChunk, undefined, undefined> {
    while (!this.#isCancelled) {
      const { info, pages, next, more } = await this.#source.read(this.#offset);
      if (!info) throw new SessileError("not_found", "The stream was deleted.", { field: "streamId" });
      if (info.generation !== this.#generation) {
        this.#resync(info);
        continue;
      }
      yield* this.#chunksOf(pages);
      if (this.#isCancelled) break;
      this.#offset = Math.max(this.#offset, next);
      if (more) continue;
      if (info.error) throw SessileError.fromWire(info.error);
      if (!isOpen(info)) break;
      const { happened, stop } = this.#source.changed(info);
      this.#stop = stop;
      await happened;
      stop();
    }
    return undefined;
  }

  *#chunksOf(pages: readonly StreamPage[]): Generator<StreamChunk, undefined, undefined> {
    for (const { at, chunks } of pages) {
      for (const [index, chunk] of chunks.entries()) {
        if (this.#isCancelled) return undefined;
        this.#offset = at + index + 1;
        yield this.#decoder.decode(chunk);
      }
    }
    return undefined;
  }

  #resync({ generation, start, contentType }: StreamInfo): void {
    if (!this.#onResync)
      throw new SessileError(
        "conflict",
        "Chunks of this stream were withdrawn: what was read is void. Read it again.",
        {
          field: "streamId",
        },
      );
    this.#generation = generation;
    this.#offset = start;
    this.#decoder = new ChunkDecoder(contentType);
    this.#onResync();
  }
}

/** Whether a reader that knows the one need look again to know the other. */
export function differs(known: StreamInfo, now: StreamInfo | null): boolean {
  return known.tail !== now?.tail || known.generation !== now.generation || known.status !== now.status;
}
