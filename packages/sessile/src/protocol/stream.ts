import type { WireError } from "./error.ts";
import type { Json } from "./json.ts";

export type StreamStatus = "active" | "paused" | "ended" | "failed";

/** A request of a producer that numbers its requests, from 0 in each epoch. */
export interface StreamProducer {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

/** How far a producer has come. */
export type ProducerMark = Pick<StreamProducer, "epoch" | "seq">;

/**
 * A stream as it stands at one seq of its session. While it is open it is part of the view; then it is a row. An offset is the
 * number of chunks before it, and is never given twice: what is withdrawn leaves a hole.
 */
export interface StreamInfo {
  readonly streamId: string;
  readonly status: StreamStatus;
  readonly contentType: string;
  /** The opener's own, fixed for the stream's life. */
  readonly meta: Json;
  /** The first offset: above 0 for a stream that continues another. */
  readonly start: number;
  /** The offset that the next chunk takes. */
  readonly tail: number;
  /** Chunks that were appended and not withdrawn. */
  readonly chunks: number;
  readonly segments: number;
  /** Changes when chunks are withdrawn: the seq of the event that did so last, or that opened the stream. */
  readonly generation: number;
  /** Ranges of offsets that were withdrawn, in order: from, and up to but without. */
  readonly withdrawn: readonly (readonly [from: number, to: number])[];
  /** Each step that chunks were appended in, and its first offset. */
  readonly steps: readonly (readonly [step: number, offset: number])[];
  readonly producers: { readonly [id: string]: ProducerMark };
  /** The highest `order` an append named: an opaque text that must rise. */
  readonly order: string | null;
  readonly openedSeq: number;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  /** What an ended stream came to. */
  readonly output: Json;
  readonly error: WireError | null;
  readonly closedSeq: number | null;
  readonly closedAt: number | null;
  /** The request that closed it, if a producer did. */
  readonly closedBy: StreamProducer | null;
}

export interface StreamAnswer {
  /** Offset of the first chunk of this request; the tail if it had none or was a repeat. */
  readonly at: number;
  readonly tail: number;
  /** True if an earlier delivery of the same request did the work. */
  readonly repeated: boolean;
}

/** What one row of the log, and one frame, carries of a stream. */
export interface StreamSegment {
  readonly streamId: string;
  /** Offset of the first chunk. */
  readonly at: number;
  /** Offset after the last one. */
  readonly to: number;
  /**
   * In order. Of a JSON stream the messages; of any other texts, and `{ base64 }` for bytes that are no UTF-8. Absent in event
   * feeds: they are read from the stream.
   */
  readonly chunks?: readonly Json[];
  readonly step?: number;
  readonly producer?: StreamProducer;
  readonly order?: string;
}

/** Chunks of a stream from an offset on. */
export interface StreamPage {
  readonly at: number;
  readonly to: number;
  readonly chunks: readonly Json[];
}

/** Server to reader, on a stream's own socket; JSON text. A reader ignores frames it does not know. */
export type StreamFrame =
  /** First of all: how the stream stands. */
  | { readonly t: "stream"; readonly info: StreamInfo }
  /** `more`: nothing follows until the reader asks with `{"t":"pull","offset":to}`. */
  | ({ readonly t: "chunks"; readonly more?: true } & StreamPage)
  /** Chunks were withdrawn: what was read is void, and what is left follows from `offset` on. */
  | { readonly t: "resync"; readonly generation: number; readonly offset: number }
  /** The reader was too slow. It asks again with `pull`. */
  | { readonly t: "behind"; readonly tail: number }
  | { readonly t: "end"; readonly output: Json }
  | { readonly t: "fail"; readonly error: WireError };

export function isOpen({ status }: Pick<StreamInfo, "status">): boolean {
  return status === "active" || status === "paused";
}

export function isJsonType(contentType: string): boolean {
  return contentType.split(";", 1)[0]?.trim().toLowerCase() === "application/json";
}

export function isTextType(contentType: string): boolean {
  return /^\s*text\//i.test(contentType);
}

/** The JSON of a commit as event feeds show it: segments without their chunks. */
export function withoutChunks(body: string): string {
  const commit = JSON.parse(body) as { events: { type: string; payload?: unknown }[] };
  for (const event of commit.events) {
    if (event.type !== "stream.segment") continue;
    const { chunks: _chunks, ...payload } = event.payload as StreamSegment;
    event.payload = payload;
  }
  return JSON.stringify(commit);
}
