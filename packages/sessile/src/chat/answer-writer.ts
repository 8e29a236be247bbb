import type { UIMessageChunk } from "ai";
import { SessileError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import type { StreamWriter } from "../protocol/stream-manager.ts";
import type { AnswerEnd } from "./answer-chunks.ts";

/** Chunks on their way to the disk before the model is made to wait. */
const maxUnwritten = 256;

/**
 * Writes an answer as it comes. The stream begins with its own `start`, so that every reader gets the message's one id, and its end
 * is left to the session: it comes with the message, in one commit.
 */
export class AnswerWriter {
  readonly chunks: UIMessageChunk[] = [];
  readonly #writer: StreamWriter;
  readonly #abort: AbortController;
  #unwritten = 0;
  #failure: unknown = null;

  /** @param abort what the model is stopped by, once nothing can be written any more */
  constructor(writer: StreamWriter, abort = new AbortController()) {
    this.#writer = writer;
    this.#abort = abort;
  }

  /** @throws whatever kept a chunk before this one from the disk */
  async write(chunk: UIMessageChunk): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.chunks.push(chunk);
    this.#unwritten += 1;
    const written = this.#writer.append(chunk as unknown as Json).then(
      () => {
        this.#unwritten -= 1;
      },
      (thrown: unknown) => {
        this.#failure ??= thrown;
        this.#abort.abort();
      },
    );
    if (this.#unwritten >= maxUnwritten) await written;
  }

  /** Takes the model's chunks until they end or nobody wants more of them. @throws what the model or the disk throws */
  async take(source: AsyncIterable<UIMessageChunk>): Promise<AnswerEnd> {
    const { signal } = this.#abort;
    let finish: AnswerEnd["finish"] = null;
    for await (const chunk of untilAborted(source, signal)) {
      switch (chunk.type) {
        case "start":
          if (chunk.messageMetadata !== undefined)
            await this.write({ type: "message-metadata", messageMetadata: chunk.messageMetadata });
          break;
        case "finish":
          finish = chunk;
          break;
        case "abort":
          return { outcome: "stopped", errorText: null, finish: null };
        case "error":
          return { outcome: "failed", errorText: chunk.errorText, finish: null };
        default:
          await this.write(chunk);
      }
    }
    if (this.#failure) throw this.#failure;
    if (signal.aborted) return { outcome: "stopped", errorText: null, finish: null };
    return { outcome: "complete", errorText: null, finish };
  }

  /** Resolves when all of it is durable and shown. */
  async drained(): Promise<void> {
    await this.#writer.close();
    if (this.#failure) throw SessileError.from(this.#failure);
  }
}

/** Ends with the signal too, also while the source says nothing. */
async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const aborted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next === null || signal.aborted || next.done) return undefined;
      yield next.value;
    }
  } finally {
    // Not awaited: a source that is stuck would hold up the end.
    void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
