import { eventIdOf, sessionKeyOf } from "../protocol/event-id.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { type SessionView, settleView } from "../protocol/view.ts";
import type { Batch } from "./batch.ts";
import { readContinuation, splitText, writeContinuation } from "./long-text.ts";
import { numberAt, type Sql, type SqlRow, textAt, textOrNullAt } from "./sql.ts";

/** When a range of the log is sealed. Whichever comes first counts. */
export interface SnapshotPolicy {
  readonly everyEvents: number;
  /** Milliseconds after the first event that is not sealed. */
  readonly everyMs: number;
  /** Characters of commits. */
  readonly maxChars: number;
  /** Snapshots that keep their folded view; an older one is its range and its place in the chain. */
  readonly keepViews: number;
}

export const defaultSnapshotPolicy: SnapshotPolicy = {
  everyEvents: 100,
  everyMs: 5 * 60_000,
  maxChars: 1_000_000,
  keepViews: 2,
};

/** A snapshot with what the session was at its end. */
export interface SnapshotWithView extends Snapshot {
  readonly view: SessionView;
}

const columns = "to_seq, from_seq, snapshot_id, base_id, created_at";

/**
 * The chain of sealed ranges. A snapshot repeats no event: its range lies in the log, and only the newest ones carry a view,
 * so a long session costs one short row per range and no copy of what did not change.
 */
export class Snapshots {
  readonly #sql: Sql;
  readonly #maxRowBytes: number;

  constructor(sql: Sql, maxRowBytes: number) {
    this.#sql = sql;
    this.#maxRowBytes = maxRowBytes;
  }

  last(): Snapshot | null {
    return this.list(1)[0] ?? null;
  }

  /** Newest first, those whose range ends before `before`. */
  list(limit: number, before = Number.MAX_SAFE_INTEGER): Snapshot[] {
    return this.#sql
      .exec(
        `SELECT ${columns} FROM _sessile_snapshot WHERE to_seq < ? ORDER BY to_seq DESC LIMIT ?`,
        before,
        limit,
      )
      .map(snapshotOf);
  }

  /** The newest snapshot that ends before `before` and has its view, or null. */
  lastWithView(before = Number.MAX_SAFE_INTEGER): SnapshotWithView | null {
    const row = this.#sql.exec(
      `SELECT ${columns}, view FROM _sessile_snapshot WHERE view IS NOT NULL AND to_seq < ? ORDER BY to_seq DESC LIMIT 1`,
      before,
    )[0];
    if (!row) return null;
    const snapshot = snapshotOf(row);
    const text = textAt(row, "view") + readContinuation(this.#sql, ownerOf(snapshot.toSeq));
    return { ...snapshot, view: JSON.parse(text) as SessionView };
  }

  /**
   * Seals what the last snapshot has not, as part of the open commit. The event that says so is no activity of its own, so
   * that a session at rest is not sealed for ever.
   *
   * @returns null if there is nothing to seal
   */
  seal(batch: Batch, keepViews: number): Snapshot | null {
    const base = this.last();
    const toSeq = batch.lastSeq;
    if (toSeq === 0 || (base && toSeq <= base.toSeq + 1)) return null;
    const view = batch.size === 0 ? batch.view : settleView(batch.view, toSeq, batch.at);
    const snapshot = nextSnapshot(view, base, batch.at);
    const { createdAt: _createdAt, ...payload } = snapshot;
    batch.as(null, () => batch.emitSystem("snapshot.sealed", payload));
    this.put(snapshot, view, keepViews);
    return snapshot;
  }

  /** Writes a snapshot's row and takes the views from those that are no longer among the newest. */
  put(snapshot: Snapshot, view: SessionView, keepViews: number): void {
    const { snapshotId, baseSnapshotId, fromSeq, toSeq, createdAt } = snapshot;
    const { head, tail } = splitText(JSON.stringify(view), this.#maxRowBytes);
    this.#sql.exec(
      "INSERT INTO _sessile_snapshot VALUES (?, ?, ?, ?, ?, ?)",
      toSeq,
      fromSeq,
      snapshotId,
      baseSnapshotId,
      createdAt,
      head,
    );
    writeContinuation(this.#sql, ownerOf(toSeq), tail, false);
    const outdated = this.#sql.exec(
      "SELECT to_seq FROM _sessile_snapshot ORDER BY to_seq DESC LIMIT 1 OFFSET ?",
      Math.max(1, keepViews),
    )[0];
    if (!outdated) return;
    // More than one after `keepViews` was lowered. Those that have a view follow each other, so what is read ends with the first that has none.
    const bared = this.#sql.exec(
      "UPDATE _sessile_snapshot SET view = NULL WHERE to_seq <= ?1 AND to_seq > (SELECT coalesce(max(to_seq), 0) FROM _sessile_snapshot WHERE to_seq <= ?1 AND view IS NULL) RETURNING to_seq",
      numberAt(outdated, "to_seq"),
    );
    for (const row of bared) writeContinuation(this.#sql, ownerOf(numberAt(row, "to_seq")), [], true);
  }
}

/** The snapshot of everything after `base` up to the view. Pure, so that a rebuilt session has the same ones. */
function nextSnapshot(view: SessionView, base: Snapshot | null, createdAt: number): Snapshot {
  return {
    snapshotId: eventIdOf(sessionKeyOf(`${view.kind}.snapshot`, view.name), view.lastSeq, createdAt),
    baseSnapshotId: base?.snapshotId ?? null,
    fromSeq: (base?.toSeq ?? 0) + 1,
    toSeq: view.lastSeq,
    createdAt,
  };
}

function snapshotOf(row: SqlRow): Snapshot {
  return {
    snapshotId: textAt(row, "snapshot_id"),
    baseSnapshotId: textOrNullAt(row, "base_id"),
    fromSeq: numberAt(row, "from_seq"),
    toSeq: numberAt(row, "to_seq"),
    createdAt: numberAt(row, "created_at"),
  };
}

function ownerOf(toSeq: number): string {
  return `snapshot:${toSeq}`;
}
