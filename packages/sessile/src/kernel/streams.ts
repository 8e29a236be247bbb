import { SessileError, type WireError } from "../protocol/error.ts";
import { assertStreamId } from "../protocol/ids.ts";
import type { Json } from "../protocol/json.ts";
import type { Limits } from "../protocol/limits.ts";
import { isOpen, type StreamAnswer, type StreamInfo, type StreamProducer } from "../protocol/stream.ts";
import { closedStream, resetStream as resetInfo, withdrawnFrom } from "../protocol/stream-fold.ts";
import { openStream as openStreamOf } from "../protocol/view.ts";
import type { Batch } from "./batch.ts";
import type { KindDefinition } from "./definition.ts";
import type { DueTable } from "./due-table.ts";
import type { Sql } from "./sql.ts";
import { judgeProducer } from "./stream-producers.ts";
import { StreamExpiry } from "./stream-retention.ts";
import { StreamTable } from "./stream-table.ts";

export interface StreamRequest {
  readonly streamId: string;
  /** Fixed for the stream's life. `application/json` keeps messages, anything else text or bytes. Default: `text/plain`. */
  readonly contentType?: string;
  /** Anything the opener wants kept with the stream: who writes, when it expires, where it was forked from. */
  readonly meta?: Json;
  /** First offset, for a stream that continues another's. Default 0. */
  readonly start?: number;
}

export interface StreamAppend {
  readonly streamId: string;
  /** In order; as `StreamSegment` holds them. */
  readonly chunks: readonly Json[];
  /** The agent's step that the chunks belong to; steps rise. */
  readonly step?: number;
  /** Numbers this request, so that a repeat of it is recognised and another writer is fenced. */
  readonly producer?: StreamProducer;
  /** An opaque text that must be greater than that of every append before. */
  readonly order?: string;
}

/** How a stream ends, with the request that ended it. */
export type StreamClose = Pick<StreamAppend, "producer"> &
  ({ readonly output: Json } | { readonly error: WireError });

/**
 * The streams of one session, inside one commit. What is open lies in the view, so that an append writes one event and no row
 * beside it; what has ended is a row.
 */
export class Streams {
  readonly #batch: Batch;
  readonly #limits: Limits;
  readonly #table: StreamTable;
  readonly #expiry: StreamExpiry;

  constructor(
    sql: Sql,
    due: DueTable,
    batch: Batch,
    { limits, streamRetention = null }: Pick<KindDefinition, "limits" | "streamRetention">,
  ) {
    this.#batch = batch;
    this.#limits = limits;
    this.#table = new StreamTable(sql, limits.maxRowBytes);
    this.#expiry = new StreamExpiry(due, this.#table, streamRetention);
  }

  /** Opens a stream; one that is open already stays as it is. @throws SessileError `conflict` if it has another type, start or an end */
  open(request: StreamRequest): StreamInfo {
    const { streamId, contentType = "text/plain", meta = null, start = 0 } = request;
    assertStreamId(streamId);
    const known = this.find(streamId);
    if (known) {
      assertSameStream(known, request);
      return known;
    }
    if (Object.keys(this.#batch.view.streams ?? {}).length >= this.#limits.maxOpenStreams)
      throw new SessileError(
        "limit_exceeded",
        `At most ${this.#limits.maxOpenStreams} streams of a session may be open. End one first.`,
        { limit: "maxOpenStreams" },
      );
    const seq = this.#batch.emitSystem("stream.opened", { streamId, contentType, meta, start });
    this.#table.insert(streamId, seq);
    return this.#open(streamId);
  }

  /** One segment. @throws SessileError `not_writable`, `limit_exceeded`, and those of `judgeProducer` */
  append(request: StreamAppend): StreamAnswer {
    const { streamId, chunks, step, producer, order } = request;
    const stream = this.#known(streamId);
    if (this.#isRepeat(stream, producer)) return { at: stream.tail, tail: stream.tail, repeated: true };
    assertAppendable(stream);
    this.#assertSize(chunks);
    if (order !== undefined && stream.order !== null && order <= stream.order)
      throw new SessileError("conflict", "An append with this order, or a later one, was made already.", {
        field: "order",
        current: stream.order,
      });
    if (step !== undefined && step < (stream.steps.at(-1)?.[0] ?? 0))
      throw new SessileError("conflict", "A later step has appended already. Clean up to this one first.", {
        field: "step",
        currentVersion: stream.steps.at(-1)?.[0] ?? 0,
      });
    const at = stream.tail;
    const to = at + chunks.length;
    const seq = this.#batch.emitSystem("stream.segment", {
      streamId,
      at,
      to,
      chunks,
      ...(step === undefined ? {} : { step }),
      ...(producer === undefined ? {} : { producer }),
      ...(order === undefined ? {} : { order }),
    });
    this.#table.index(stream, at, seq);
    return { at, tail: to, repeated: false };
  }

  /** Ends or fails a stream for good. The same request again changes nothing. */
  close(streamId: string, close: StreamClose): StreamAnswer {
    const stream = this.#known(streamId);
    const { tail } = stream;
    if (isClosedBy(stream, close)) return { at: tail, tail, repeated: true };
    if (!isOpen(stream)) throw closedError(stream);
    const { producer } = close;
    if (this.#isRepeat(stream, producer)) return { at: tail, tail, repeated: true };
    const by = producer === undefined ? {} : { producer };
    const event =
      "error" in close
        ? { to: "failed" as const, streamId, error: close.error, ...by }
        : { to: "ended" as const, streamId, output: close.output, ...by };
    const { to, ...payload } = event;
    const seq = this.#batch.emitSystem<"stream.ended" | "stream.failed">(`stream.${to}`, payload);
    this.#table.close(closedStream(stream, event, seq, this.#batch.at));
    this.#expiry.closed(this.#batch.at);
    return { at: tail, tail, repeated: false };
  }

  pause(streamId: string): void {
    if (this.#open(streamId).status === "active") this.#batch.emitSystem("stream.paused", { streamId });
  }

  resume(streamId: string): void {
    if (this.#open(streamId).status === "paused") this.#batch.emitSystem("stream.resumed", { streamId });
  }

  /** Whether this very close has happened already. */
  isRepeatedClose(streamId: string, close: StreamClose): boolean {
    const stream = this.find(streamId);
    return stream !== null && isClosedBy(stream, close);
  }

  /** Fails a stream that somebody wants no more of. @returns false if it had closed before */
  cancel(streamId: string): boolean {
    if (!isOpen(this.#known(streamId))) return false;
    this.close(streamId, { error: { code: "rejected", message: "The stream was cancelled." } });
    return true;
  }

  /** Withdraws the chunks of later steps. @returns how many */
  cleanUpTo(streamId: string, step: number): number {
    const stream = this.#open(streamId);
    const from = stream.steps.find(([begun]) => begun > step)?.[1];
    if (from === undefined) return 0;
    const seq = this.#batch.emitSystem("stream.cleaned", { streamId, step, from });
    return stream.chunks - withdrawnFrom(stream, from, seq).chunks;
  }

  /** Withdraws everything; one that has ended is open again. */
  reset(streamId: string): void {
    const stream = this.#known(streamId);
    const { lastSeq } = this.#batch;
    this.#batch.emitSystem("stream.reset", { stream: resetInfo(stream, lastSeq + 1) });
  }

  /** Forgets the stream; its id is free again. @returns whether there was one */
  delete(streamId: string, reason: "deleted" | "expired"): boolean {
    if (!this.find(streamId)) return false;
    this.#batch.emitSystem("stream.deleted", { streamId, reason });
    this.#table.delete(streamId);
    return true;
  }

  /** Deletes those that closed longer ago than the kind keeps them. */
  expire(): void {
    this.#expiry.look(this.#batch.view, this.#batch.at, (streamId) => void this.delete(streamId, "expired"));
  }

  find(streamId: string): StreamInfo | null {
    return openStreamOf(this.#batch.view, streamId) ?? this.#table.closed(streamId);
  }

  #known(streamId: string): StreamInfo {
    const stream = this.find(streamId);
    if (stream) return stream;
    throw new SessileError("not_found", "There is no stream of this id.", { field: "streamId" });
  }

  #open(streamId: string): StreamInfo {
    const stream = this.#known(streamId);
    if (isOpen(stream)) return stream;
    throw closedError(stream);
  }

  #isRepeat(stream: StreamInfo, producer: StreamProducer | undefined): boolean {
    if (!producer) return false;
    const isFenced = producer.epoch < (stream.producers[producer.id]?.epoch ?? 0);
    if (!isOpen(stream) && !isFenced && !isSame(stream.closedBy, producer)) throw closedError(stream);
    return judgeProducer(stream, producer, this.#limits.maxStreamProducers) === "repeat";
  }

  #assertSize(chunks: readonly Json[]): void {
    const { maxChunkChars, maxSegmentChars } = this.#limits;
    // What was only joined on its way is not refused for its sum.
    const maxChars = Math.max(maxChunkChars, maxSegmentChars);
    let sum = 0;
    for (const chunk of chunks) {
      const chars = typeof chunk === "string" ? chunk.length : JSON.stringify(chunk).length;
      sum += chars;
      if (chars <= maxChunkChars && sum <= maxChars) continue;
      throw new SessileError(
        "limit_exceeded",
        `A chunk is at most ${maxChunkChars} characters, and an append ${maxChars}. Append it in several.`,
        { field: "chunk", limit: "maxChunkChars" },
      );
    }
  }
}

function assertSameStream(known: StreamInfo, { contentType, start }: StreamRequest): void {
  const isSameType =
    contentType === undefined || contentType.toLowerCase() === known.contentType.toLowerCase();
  if (isSameType && (start === undefined || start === known.start)) return;
  throw new SessileError("conflict", `This stream exists, of type ${known.contentType}.`, {
    field: "contentType",
    current: known.contentType,
  });
}

function assertAppendable(stream: StreamInfo): void {
  if (stream.status === "active") return;
  if (stream.status !== "paused") throw closedError(stream);
  throw new SessileError("not_writable", "This stream is paused. Resume it first.", { current: "paused" });
}

function closedError({ status, tail }: StreamInfo): SessileError {
  return new SessileError("not_writable", `This stream has ${status}: it can be read, not written.`, {
    current: status,
    currentVersion: tail,
  });
}

/** A close without a producer may be repeated; with one, its own request only. */
function isClosedBy(stream: StreamInfo, { producer, ...close }: StreamClose): boolean {
  if (isOpen(stream)) return false;
  if (producer) return isSame(stream.closedBy, producer);
  return "error" in close ? stream.status === "failed" : stream.status === "ended";
}

function isSame(one: StreamProducer | null, other: StreamProducer): boolean {
  return one?.id === other.id && one.epoch === other.epoch && one.seq === other.seq;
}
