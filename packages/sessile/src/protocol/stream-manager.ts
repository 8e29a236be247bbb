import type { Json } from "./json.ts";
import type { StreamAnswer, StreamInfo, StreamProducer } from "./stream.ts";
import type { StreamChunk } from "./stream-chunk.ts";

export interface WriterOptions {
  /** Fixed for the stream's life. `application/json` keeps messages, anything else text or bytes. Default: `text/plain`. */
  readonly contentType?: string;
  /** Anything the opener wants kept with the stream: which agent writes, when it expires, where it was forked from. */
  readonly meta?: Json;
  /** First offset, for a stream that continues another's. Default 0. */
  readonly start?: number;
}

export interface AppendOptions {
  /** The agent's step that the chunk belongs to; steps rise. */
  readonly step?: number;
  /** Numbers this request, so that a repeat of it is recognised and a writer that was replaced is fenced. */
  readonly producer?: StreamProducer;
  /** An opaque text that must be greater than that of every append before. */
  readonly order?: string;
}

/** Appends to one stream. Nobody reads a chunk before it is durable. */
export interface StreamWriter {
  readonly streamId: string;
  /**
   * Resolves when the chunk is durable and may be shown. Chunks given without waiting share a segment.
   *
   * @throws SessileError `not_writable` unless the stream is active, `fenced`, `conflict`, `limit_exceeded`
   */
  append(chunk: StreamChunk, options?: AppendOptions): Promise<StreamAnswer>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the stream; its output is kept. */
  end(output?: Json): Promise<void>;
  /** Ends the stream with an error, which every reader gets after the last chunk. */
  fail(error: unknown): Promise<void>;
  /** Waits for what was appended. The stream stays open: another writer may go on. */
  close(): Promise<void>;
}

export interface ReaderOptions {
  /** Where to begin. Default: the start. */
  readonly offset?: number;
  /** Called when chunks were withdrawn: what was read is void, and what is left follows from its beginning. Without it the reader throws `conflict`. */
  readonly onResync?: () => void;
}

/**
 * Every chunk of a stream, in order, those there are and those to come. Ends when the stream ends; throws its error, after the
 * last chunk, if it failed.
 */
export interface StreamReader extends AsyncIterable<StreamChunk> {
  readonly streamId: string;
  /** Offset of the next chunk. */
  readonly offset: number;
  /** Of what was read so far: another one than before once chunks were withdrawn. */
  readonly generation: number;
  [Symbol.asyncIterator](): AsyncIterableIterator<StreamChunk>;
  /** Stops the iteration, also while it waits. */
  cancel(): void;
}

/** Streams by id. One contract; kept by a session for its own and by standalone stream objects. */
export interface StreamManager {
  /** Opens the stream, or goes on with the one there is. @throws SessileError `conflict` if that has another type */
  createWriter(streamId: string, options?: WriterOptions): Promise<StreamWriter>;
  /** Null if there is no such stream. Ended and failed ones are read like any other. */
  createReader(streamId: string, options?: ReaderOptions): Promise<StreamReader | null>;
  endStream(streamId: string, output?: Json): Promise<void>;
  failStream(streamId: string, error: unknown): Promise<void>;
  /** Withdraws the chunks of later steps, for an agent that resumes from one. @returns how many */
  cleanupToStep(streamId: string, step: number): Promise<number>;
  /** Withdraws all chunks and opens the stream again. Readers are told. */
  resetStream(streamId: string): Promise<void>;
  /** @returns whether there was one */
  deleteStream(streamId: string): Promise<boolean>;
  getInfo(streamId: string): Promise<StreamInfo | null>;
}
