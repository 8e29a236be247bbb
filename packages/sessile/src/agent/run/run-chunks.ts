import type { UIMessageChunk } from "ai";
import type { Json, RunResult, StreamManager, StreamWriter } from "../../protocol/index.ts";

/** Chunks on their way to the disk before the model is made to wait. */
const maxUnwritten = 256;

/** What a run writes for its readers, as it goes into the run's stream. */
export class RunChunks {
  readonly #streams: StreamManager;
  readonly #writer: StreamWriter;
  /** The last step that may have chunks, whoever wrote them. What is shown of the stream may lag behind. */
  #begunStep: number;
  #unwritten = 0;
  #failure: unknown = null;
  #tail = 0;

  /** @param begunStep by whoever was at the run before; absent: not known */
  constructor(streams: StreamManager, writer: StreamWriter, begunStep = Number.POSITIVE_INFINITY) {
    this.#streams = streams;
    this.#writer = writer;
    this.#begunStep = begunStep;
  }

  /** End of the stream, as far as this writer has come; 0 before its first chunk. */
  get tail(): number {
    return this.#tail;
  }

  /** Withdraws what a step has written, if it did not come to its end. */
  async withdraw(step: number): Promise<void> {
    if (this.#begunStep >= step) await this.#streams.cleanupToStep(this.#writer.streamId, step - 1);
    this.#begunStep = 0;
    this.#failure = null;
  }

  /** Resolves once there is room for more. */
  async write(step: number, chunk: UIMessageChunk): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.#begunStep = step;
    this.#unwritten += 1;
    const written = this.#append(step, chunk as unknown as Json).finally(() => {
      this.#unwritten -= 1;
    });
    if (this.#unwritten >= maxUnwritten) await written;
  }

  /** Resolves when these are durable. */
  async append(step: number, chunks: readonly Json[]): Promise<void> {
    await Promise.all([...chunks.map((chunk) => this.#writer.append(chunk, { step })), this.#writer.close()]);
  }

  /** Resolves when what was written is durable. */
  async drained(): Promise<void> {
    await this.#writer.close();
    if (this.#failure) throw this.#failure;
  }

  async #append(step: number, chunk: Json): Promise<void> {
    try {
      const { tail } = await this.#writer.append(chunk, { step });
      this.#tail = tail;
    } catch (thrown) {
      this.#failure ??= thrown;
    }
  }
}

/** The chunks that end what a run says, as clients of the AI SDK know them. */
export function endingChunks({ outcome, reason, finishReason }: RunResult): Json[] {
  if (outcome === "completed") return [{ type: "finish", finishReason }];
  const mark = { type: "message-metadata", messageMetadata: { outcome, reason } };
  if (outcome === "failed") return [mark, { type: "error", errorText: reason ?? "" }];
  if (outcome === "aborted") return [mark, { type: "abort" }];
  return [mark, { type: "finish" }];
}
