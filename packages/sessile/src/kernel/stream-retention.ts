import { openStream, type SessionView } from "../protocol/view.ts";
import type { DueTable } from "./due-table.ts";
import type { StreamTable } from "./stream-table.ts";

/** How long streams that have closed can be read. */
export interface StreamRetention {
  /** Milliseconds after its end or failure at which a stream is deleted. Its events stay in the log. */
  readonly endedMs: number;
}

export const streamsDueId = "streams:expire";
/** A look reads a row of every stream, so those that closed one soon after the other go together. */
const maxLateMs = 60_000;
const streamsPerLook = 64;

/** Finds the streams whose time is up. One row of due work stands for the next look, however many streams wait. */
export class StreamExpiry {
  readonly #due: DueTable;
  readonly #table: StreamTable;
  readonly #retention: StreamRetention | null;

  constructor(due: DueTable, table: StreamTable, retention: StreamRetention | null) {
    this.#due = due;
    this.#table = table;
    this.#retention = retention;
  }

  /** On a wake, and after another log took this one's place: what the kind declares may not be what it did. */
  start(now: number): void {
    const dueAt = this.#due.dueAt(streamsDueId);
    if (!this.#retention) {
      if (dueAt !== null) this.#due.drop(streamsDueId);
      return;
    }
    const isAmiss = dueAt === null ? this.#table.hasClosed() : dueAt > now + this.#retention.endedMs;
    if (isAmiss) this.#due.put(streamsDueId, now);
  }

  /** A stream has closed. A row that stands is earlier, and the look it brings finds this one as well. */
  closed(now: number): void {
    if (this.#retention && this.#due.dueAt(streamsDueId) === null)
      this.#due.put(streamsDueId, now + this.#retention.endedMs);
  }

  /** The due row rang: removes what is over, and says when to look again. */
  look(view: SessionView, now: number, remove: (streamId: string) => void): void {
    if (!this.#retention) {
      this.#due.drop(streamsDueId);
      return;
    }
    const { endedMs } = this.#retention;
    // One that was reset keeps the row of its last end until it ends again.
    const closed = this.#table.closings().filter(({ streamId }) => !openStream(view, streamId));
    const over = closed.filter(({ closedAt }) => closedAt + endedMs <= now);
    for (const { streamId } of over.slice(0, streamsPerLook)) remove(streamId);
    if (over.length > streamsPerLook) this.#due.put(streamsDueId, now);
    else if (over.length === closed.length) this.#due.drop(streamsDueId);
    else {
      const firstAt = closed
        .filter(({ closedAt }) => closedAt + endedMs > now)
        .reduce((first, { closedAt }) => Math.min(first, closedAt + endedMs), Number.POSITIVE_INFINITY);
      this.#due.put(streamsDueId, Math.max(firstAt, now + Math.min(endedMs, maxLateMs)));
    }
  }
}
