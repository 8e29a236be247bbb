import type { Migration } from "../../kernel/index.ts";

/** A kind's own tables, in the object of a standalone stream. */
export const streamLifeMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "life and loans",
    up(sql) {
      sql.exec(
        "CREATE TABLE stream_life (id INTEGER PRIMARY KEY CHECK (id = 1), touched_at INTEGER NOT NULL, is_deleted INTEGER NOT NULL)",
      );
      sql.exec(
        "CREATE TABLE stream_loan (borrower TEXT PRIMARY KEY, lent_at INTEGER NOT NULL) WITHOUT ROWID",
      );
    },
  },
  {
    version: 2,
    name: "what subscriptions were told",
    up(sql) {
      sql.exec(
        "CREATE TABLE stream_feed (id INTEGER PRIMARY KEY CHECK (id = 1), linked INTEGER, since INTEGER NOT NULL)",
      );
    },
  },
];

/** Reads must not write: a touch is kept in memory, and on disk once it has moved by this share of the time to live. */
const touchShare = 0.1;

type LifeRow = { readonly touched_at: number; readonly is_deleted: number };

/** When a standalone stream was last used, whether it was deleted, and who shares its chunks. */
export class StreamLifeTable {
  readonly #sql: SqlStorage;
  #touchedAt: number | null = null;
  /** What the row says; undefined until it was read. Nobody else writes it. */
  #row: LifeRow | null | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  get exists(): boolean {
    return this.#life !== null;
  }

  get isDeleted(): boolean {
    return this.#life?.is_deleted === 1;
  }

  get loans(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM stream_loan").one().n;
  }

  begin(now: number): void {
    this.#touchedAt = now;
    this.#row = undefined;
    this.#sql.exec("INSERT OR REPLACE INTO stream_life VALUES (1, ?, 0)", now);
  }

  /** After a restart what was only in memory is granted: a stream may end late, never early. */
  touchedAt(ttlMs: number): number {
    return this.#touchedAt ?? (this.#life?.touched_at ?? 0) + ttlMs * touchShare;
  }

  touch(now: number, ttlMs: number): void {
    this.#touchedAt = now;
    if (now - (this.#life?.touched_at ?? 0) <= ttlMs * touchShare) return;
    this.#row = undefined;
    this.#sql.exec("UPDATE stream_life SET touched_at = ? WHERE id = 1", now);
  }

  markDeleted(): void {
    this.#row = undefined;
    this.#sql.exec("UPDATE stream_life SET is_deleted = 1 WHERE id = 1");
  }

  forget(): void {
    this.#touchedAt = null;
    this.#row = undefined;
    this.#sql.exec("DELETE FROM stream_life");
    this.#sql.exec("DELETE FROM stream_loan");
  }

  /** @returns whether the loan is new */
  lend(to: string, now: number): boolean {
    const { rowsWritten } = this.#sql.exec("INSERT OR IGNORE INTO stream_loan VALUES (?, ?)", to, now);
    return rowsWritten > 0;
  }

  takeBack(from: string): void {
    this.#sql.exec("DELETE FROM stream_loan WHERE borrower = ?", from);
  }

  get #life(): LifeRow | null {
    this.#row ??=
      this.#sql.exec<LifeRow>("SELECT touched_at, is_deleted FROM stream_life").toArray()[0] ?? null;
    return this.#row;
  }
}
