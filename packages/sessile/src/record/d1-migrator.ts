import type { D1Database } from "./d1.ts";
import { unavailable } from "./record-error.ts";

/** A step of a database's schema. A released one is never edited; the next version mends it. */
export interface D1Migration {
  /** 1, 2, 3, … without a gap. */
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/**
 * What brings a database to the newest version. Safe on every request and from many isolates at once; costs nothing once this isolate
 * has seen the database current, one query before that. A database that is newer than this code is left as it is.
 *
 * @param table where the versions lie
 */
export function createD1Migrator(
  table: string,
  migrations: readonly D1Migration[],
): (db: D1Database) => Promise<void> {
  /**
   * Databases found current by this isolate. Not the promise of a running migration: on Workers a promise made in one request
   * never settles for another one once the first was cancelled. Requests that meet an old database each migrate it, which is safe.
   */
  const current = new WeakSet<object>();
  return async (db) => {
    if (current.has(db)) return;
    try {
      const applied = await appliedVersions(db, table);
      for (const migration of migrations) {
        if (!applied.has(migration.version)) await apply(db, table, migration);
      }
    } catch (thrown) {
      throw unavailable(thrown);
    }
    current.add(db);
  };
}

async function appliedVersions(db: D1Database, table: string): Promise<ReadonlySet<number>> {
  const [, versions] = await db.batch<{ version: number }>([
    db.prepare(
      `CREATE TABLE IF NOT EXISTS ${table} (
        version INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        appliedAt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
      )`,
    ),
    db.prepare(`SELECT version FROM ${table}`),
  ]);
  return new Set(versions?.results.map((row) => row.version));
}

/** The version's row goes first: of two isolates that migrate at once, one fails on its key before it touches a table. */
async function apply(db: D1Database, table: string, migration: D1Migration): Promise<void> {
  const claim = db
    .prepare(`INSERT INTO ${table} (version, name) VALUES (?1, ?2)`)
    .bind(migration.version, migration.name);
  try {
    await db.batch([claim, ...migration.statements.map((statement) => db.prepare(statement))]);
  } catch (thrown) {
    // Another isolate was faster, or the answer was lost after the commit.
    if (!(await appliedVersions(db, table)).has(migration.version)) throw thrown;
  }
}
