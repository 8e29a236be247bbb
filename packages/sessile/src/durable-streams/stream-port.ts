import type { Appended, ForkOrigin, Lifetime, ReadPage, StreamHead } from "../protocol/durable-stream.ts";
import type { WireError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import type { StreamProducer } from "../protocol/stream.ts";

export interface CreateStream {
  /** Absent: that of the stream it is forked from, else `application/octet-stream`. */
  readonly contentType?: string;
  readonly lifetime: Lifetime | null;
  readonly closed: boolean;
  /** The first data, as it came; null for none. */
  readonly body: Uint8Array | null;
  readonly fork: ForkOrigin | null;
}

export interface AppendToStream {
  /** Null for a request that only closes. */
  readonly data: { readonly contentType: string; readonly body: Uint8Array } | null;
  readonly close: boolean;
  readonly producer?: StreamProducer;
  /** `Stream-Seq`: must rise bytewise from append to append of this stream, whoever makes it. */
  readonly order?: string;
}

/** What a live reader is told. `upToDate`: nothing more is there now. */
export type LiveUpdate =
  | { readonly to: number; readonly chunks: readonly Json[]; readonly upToDate: boolean }
  /** `error`: it failed. */
  | { readonly closedAt: number; readonly error: WireError | null };

/** A live reader, held by the worker over a hibernating socket: the object may sleep while it waits. */
export interface LiveReader {
  /** Waits for what comes next. Rejects if the stream cannot be followed any longer. */
  next(): Promise<LiveUpdate>;
  close(): void;
}

/**
 * One stream, wherever it is kept. Every method throws `not_found`; `gone` for a stream that was deleted while others still share
 * its chunks.
 */
export interface StreamPort {
  create(request: CreateStream): Promise<{ readonly created: boolean; readonly head: StreamHead }>;
  /** @throws SessileError `not_writable` once closed, `unsupported_media_type`, `conflict`, `fenced` */
  append(request: AppendToStream): Promise<Appended>;
  /** Does not lengthen the stream's life, as reads and writes do. */
  head(): Promise<StreamHead>;
  /** @throws SessileError `bad_request` past the tail */
  read(from: number | "tail"): Promise<ReadPage>;
  /** History from there on, batch by batch as it is taken, then live. */
  follow(from: number): Promise<LiveReader>;
  delete(): Promise<void>;
}
