import type { Json } from "../protocol/json.ts";
import type { StreamInfo } from "../protocol/stream.ts";
import { readContinuation, splitText, writeContinuation } from "./long-text.ts";
import { numberAt, numberOrNullAt, type Sql, type SqlRow, textAt, textOrNullAt } from "./sql.ts";

/** Every so many segments one is in the index: a read begins at most that far before its offset, and a segment costs one row. */
const indexEvery = 32;
/** Also one that lies so many events after the last in the index, as where a stream seldom grows in a session that is busy. */
const indexWithinEvents = 4096;

/** Streams that have ended, and where in the log the chunks of each lie. Written when a stream opens and closes, not as it grows. */
export class StreamTable {
  readonly #sql: Sql;
  readonly #maxRowBytes: number;

  constructor(sql: Sql, maxRowBytes: number) {
    this.#sql = sql;
    this.#maxRowBytes = maxRowBytes;
  }

  insert(streamId: string, seq: number): void {
    this.#sql.exec("INSERT INTO _sessile_stream VALUES (?, ?, NULL)", streamId, seq);
  }

  close(stream: StreamInfo): void {
    const { head, tail } = splitText(JSON.stringify(stream), this.#maxRowBytes);
    this.#sql.exec("UPDATE _sessile_stream SET body = ? WHERE stream_id = ?", head, stream.streamId);
    writeContinuation(this.#sql, ownerOf(stream.streamId), tail, true);
  }

  delete(streamId: string): void {
    this.#sql.exec("DELETE FROM _sessile_stream WHERE stream_id = ?", streamId);
    this.#sql.exec("DELETE FROM _sessile_segment WHERE stream_id = ?", streamId);
    writeContinuation(this.#sql, ownerOf(streamId), [], true);
  }

  /** After the segment that begins at `at` became event `seq`; `before` is the stream without it. */
  index(before: StreamInfo, at: number, seq: number): void {
    const { streamId, segments, openedSeq } = before;
    const isNth = segments > 0 && segments % indexEvery === 0;
    const isFar = (since: number) => seq - since > indexWithinEvents;
    // An append of no chunks may stand at the same offset.
    if (isNth || (isFar(openedSeq) && isFar(this.seek(before, at))))
      this.#sql.exec("INSERT OR REPLACE INTO _sessile_segment VALUES (?, ?, ?)", streamId, at, seq);
  }

  /** Seq of an event at or before the segment that holds `offset`. */
  seek({ streamId, openedSeq }: Pick<StreamInfo, "streamId" | "openedSeq">, offset: number): number {
    const row = this.#sql.exec(
      "SELECT seq FROM _sessile_segment WHERE stream_id = ? AND at <= ? ORDER BY at DESC LIMIT 1",
      streamId,
      offset,
    )[0];
    return row ? numberAt(row, "seq") : openedSeq;
  }

  /** The stream as it was when it last closed; null if it never did. */
  closed(streamId: string): StreamInfo | null {
    const row = this.#sql.exec(
      "SELECT stream_id, body FROM _sessile_stream WHERE stream_id = ?",
      streamId,
    )[0];
    return row ? this.#read(row) : null;
  }

  hasClosed(): boolean {
    return this.#sql.exec("SELECT 1 FROM _sessile_stream WHERE body IS NOT NULL LIMIT 1").length > 0;
  }

  /** When each stream closed last; one that was reset since may be open. */
  closings(): { readonly streamId: string; readonly closedAt: number }[] {
    return this.#sql
      .exec(
        "SELECT stream_id, iif(json_valid(body), json_extract(body, '$.closedAt'), NULL) AS closed_at FROM _sessile_stream WHERE body IS NOT NULL",
      )
      .map((row) => {
        const streamId = textAt(row, "stream_id");
        // What is longer than a row is no JSON without its continuation.
        return {
          streamId,
          closedAt: numberOrNullAt(row, "closed_at") ?? this.closed(streamId)?.closedAt ?? 0,
        };
      });
  }

  /** Ids in the order in which the streams were opened, newest first. */
  list(
    limit: number,
    before = Number.MAX_SAFE_INTEGER,
  ): { readonly streamId: string; readonly seq: number }[] {
    return this.#sql
      .exec(
        "SELECT stream_id, seq FROM _sessile_stream WHERE seq < ? ORDER BY seq DESC LIMIT ?",
        before,
        limit,
      )
      .map((row) => ({ streamId: textAt(row, "stream_id"), seq: numberAt(row, "seq") }));
  }

  #read(row: SqlRow): StreamInfo | null {
    const head = textOrNullAt(row, "body");
    if (head === null) return null;
    const text = head + readContinuation(this.#sql, ownerOf(textAt(row, "stream_id")));
    return JSON.parse(text) as Json as unknown as StreamInfo;
  }
}

function ownerOf(streamId: string): string {
  return `stream:${streamId}`;
}
