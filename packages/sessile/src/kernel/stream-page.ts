import type { Commit } from "../protocol/event.ts";
import type { StreamInfo, StreamPage, StreamSegment } from "../protocol/stream.ts";
import type { StoredCommit } from "./log.ts";

/** Segments of one stream among commits, in order. Commits without one are not parsed. */
export function segmentsIn(
  commits: readonly StoredCommit[],
  { streamId, openedSeq }: Pick<StreamInfo, "streamId" | "openedSeq">,
): StreamSegment[] {
  const named = `"streamId":${JSON.stringify(streamId)}`;
  const segments: StreamSegment[] = [];
  for (const { body, lastSeq } of commits) {
    if (lastSeq < openedSeq || !body.includes(named)) continue;
    const { firstSeq, events } = JSON.parse(body) as Commit;
    for (const [index, { type, payload }] of events.entries()) {
      const segment = payload as unknown as StreamSegment;
      // A stream of this id that was deleted may have its last segments beside this one's first.
      if (type === "stream.segment" && segment.streamId === streamId && firstSeq + index > openedSeq)
        segments.push(segment);
    }
  }
  return segments;
}

/** What a stream shows of a segment from `offset` on: pieces without the chunks that were withdrawn, up to the stream's tail. */
export function shownPieces(
  { withdrawn, tail }: Pick<StreamInfo, "withdrawn" | "tail">,
  { at, to, chunks = [] }: StreamSegment,
  offset: number,
): StreamPage[] {
  const pieces: StreamPage[] = [];
  let from = Math.max(at, offset);
  const end = Math.min(to, tail);
  for (const [gone, back] of withdrawn) {
    if (back <= from) continue;
    if (gone >= end) break;
    if (gone > from) pieces.push(piece(from, gone));
    from = Math.max(from, back);
  }
  if (from < end) pieces.push(piece(from, end));
  return pieces;

  function piece(begin: number, stop: number): StreamPage {
    return { at: begin, to: stop, chunks: chunks.slice(begin - at, stop - at) };
  }
}

/** The first offset at or after `offset` that was not withdrawn. */
export function nextShown(
  { withdrawn, start }: Pick<StreamInfo, "withdrawn" | "start">,
  offset: number,
): number {
  let next = Math.max(offset, start);
  for (const [gone, back] of withdrawn) if (gone <= next && next < back) next = back;
  return next;
}
