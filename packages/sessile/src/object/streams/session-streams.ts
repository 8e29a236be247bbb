import { SessileError, type WireError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import type { StreamAnswer, StreamInfo } from "../../protocol/stream.ts";
import type { StreamChunk } from "../../protocol/stream-chunk.ts";
import type {
  AppendOptions,
  ReaderOptions,
  StreamManager,
  StreamReader,
  StreamWriter,
  WriterOptions,
} from "../../protocol/stream-manager.ts";
import type { StreamReplies } from "../../protocol/stream-request.ts";
import type { StreamHost } from "./stream-host.ts";
import { PagedReader } from "./stream-reader.ts";

/** A session's own streams, as its class uses them: `const out = this.streams.open("answer"); await out.append("Hello");` */
export class SessionStreams implements StreamManager {
  readonly #host: () => StreamHost;

  constructor(host: () => StreamHost) {
    this.#host = host;
  }

  /** Opens a stream, or goes on with the one there is. Inside a synchronous method it is part of that commit. */
  open(streamId: string, options: WriterOptions = {}): StreamWriter {
    const host = this.#host();
    return new SessionStreamWriter(host, host.open(streamId, options));
  }

  async createWriter(streamId: string, options: WriterOptions = {}): Promise<StreamWriter> {
    return this.open(streamId, options);
  }

  async createReader(streamId: string, options: ReaderOptions = {}): Promise<StreamReader | null> {
    const host = this.#host();
    await host.drained(streamId);
    const info = host.reads.info(streamId);
    if (!info) return null;
    const source = {
      read: (offset: number) =>
        host.answer(streamId, { do: "read", offset }) as Promise<StreamReplies["read"]>,
      changed: (known: StreamInfo) => host.changed(known),
    };
    return new PagedReader(info, source, options);
  }

  async endStream(streamId: string, output: Json = null): Promise<void> {
    await this.#host().close(streamId, { output });
  }

  async failStream(streamId: string, error: unknown): Promise<void> {
    await this.#host().close(streamId, { error: failureOf(error) });
  }

  /**
   * Closes a stream that is open, inside a synchronous method or `commit` as part of it. What was appended has to be awaited
   * before.
   */
  finish(streamId: string, end: { readonly output: Json } | { readonly error: unknown }): void {
    this.#host().finish(streamId, "error" in end ? { error: failureOf(end.error) } : end);
  }

  async cleanupToStep(streamId: string, step: number): Promise<number> {
    return ((await this.#host().answer(streamId, { do: "cleanup", step })) as { withdrawn: number })
      .withdrawn;
  }

  async resetStream(streamId: string): Promise<void> {
    await this.#host().answer(streamId, { do: "reset" });
  }

  async deleteStream(streamId: string): Promise<boolean> {
    return ((await this.#host().answer(streamId, { do: "delete" })) as { existed: boolean }).existed;
  }

  async getInfo(streamId: string): Promise<StreamInfo | null> {
    return this.#host().reads.info(streamId);
  }
}

class SessionStreamWriter implements StreamWriter {
  readonly streamId: string;
  readonly #host: StreamHost;
  readonly #info: StreamInfo;

  constructor(host: StreamHost, info: StreamInfo) {
    this.streamId = info.streamId;
    this.#host = host;
    this.#info = info;
  }

  async append(chunk: StreamChunk, options: AppendOptions = {}): Promise<StreamAnswer> {
    return this.#host.append(this.#info, chunk, options);
  }

  async pause(): Promise<void> {
    await this.#host.answer(this.streamId, { do: "pause" });
  }

  async resume(): Promise<void> {
    await this.#host.answer(this.streamId, { do: "resume" });
  }

  async end(output: Json = null): Promise<void> {
    await this.#host.close(this.streamId, { output });
  }

  async fail(error: unknown): Promise<void> {
    await this.#host.close(this.streamId, { error: failureOf(error) });
  }

  async close(): Promise<void> {
    await this.#host.drained(this.streamId);
  }
}

/** What readers get of a failure: our own errors whole, of any other the text, because whoever fails a stream means it to be read. */
export function failureOf(error: unknown): WireError {
  if (error instanceof SessileError) return error.toWire();
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}
