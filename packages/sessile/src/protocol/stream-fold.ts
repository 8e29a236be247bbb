import type { StreamInfo, StreamSegment } from "./stream.ts";
import type { SystemEventPayloads } from "./system-event.ts";

/** Streams that are open, by id. */
export type OpenStreams = { readonly [streamId: string]: StreamInfo };

export function openedStream(
  { streamId, contentType, meta, start }: SystemEventPayloads["stream.opened"],
  seq: number,
  at: number,
): StreamInfo {
  return {
    streamId,
    status: "active",
    contentType,
    meta,
    start,
    tail: start,
    chunks: 0,
    segments: 0,
    generation: seq,
    withdrawn: [],
    steps: [],
    producers: {},
    order: null,
    openedSeq: seq,
    openedAt: at,
    output: null,
    error: null,
    closedSeq: null,
    closedAt: null,
    closedBy: null,
  };
}

export function grownStream(stream: StreamInfo, segment: Omit<StreamSegment, "chunks">): StreamInfo {
  const { at, to, step, producer, order } = segment;
  const begins = step !== undefined && step !== stream.steps.at(-1)?.[0];
  return {
    ...stream,
    tail: to,
    chunks: stream.chunks + to - at,
    segments: stream.segments + 1,
    ...(begins ? { steps: [...stream.steps, [step, at] as const] } : {}),
    ...(order === undefined ? {} : { order }),
    producers: producer
      ? { ...stream.producers, [producer.id]: { epoch: producer.epoch, seq: producer.seq } }
      : stream.producers,
  };
}

/** Without the chunks from `from` on. */
export function withdrawnFrom(stream: StreamInfo, from: number, seq: number): StreamInfo {
  const kept: (readonly [number, number])[] = [];
  for (const [start, end] of stream.withdrawn) if (start < from) kept.push([start, Math.min(end, from)]);
  const last = kept.at(-1);
  const range = [last && last[1] >= from ? (kept.pop()?.[0] ?? from) : from, stream.tail] as const;
  const withdrawn = range[0] < range[1] ? [...kept, range] : kept;
  const gone = withdrawn.reduce((sum, [start, end]) => sum + end - start, 0);
  return {
    ...stream,
    generation: seq,
    withdrawn,
    chunks: stream.tail - stream.start - gone,
    steps: stream.steps.filter(([, offset]) => offset < from),
  };
}

export function closedStream(
  stream: StreamInfo,
  event:
    | ({ readonly to: "ended" } & SystemEventPayloads["stream.ended"])
    | ({ readonly to: "failed" } & SystemEventPayloads["stream.failed"]),
  seq: number,
  at: number,
): StreamInfo {
  const closedBy = event.producer ?? null;
  return {
    ...stream,
    status: event.to,
    output: event.to === "ended" ? event.output : null,
    error: event.to === "failed" ? event.error : null,
    closedSeq: seq,
    closedAt: at,
    closedBy,
    producers: closedBy
      ? { ...stream.producers, [closedBy.id]: { epoch: closedBy.epoch, seq: closedBy.seq } }
      : stream.producers,
  };
}

/** A reset stream begins anew where it was: everything it had is withdrawn. */
export function resetStream(stream: StreamInfo, seq: number): StreamInfo {
  return {
    ...withdrawnFrom(stream, stream.start, seq),
    status: "active",
    output: null,
    error: null,
    closedSeq: null,
    closedAt: null,
    closedBy: null,
  };
}
