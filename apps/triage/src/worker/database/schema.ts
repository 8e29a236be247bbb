import { migrateRecord } from "sessile/d1";

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/**
 * Append-only: a released step is never edited, the next version mends it.
 *
 * - `alerts.id` grows with every insert and D1 writes one batch at a time, so "after id N" is a cursor that misses nothing.
 * - An incident's status lies in the directory of sessions, which each session's mirror keeps and catches up after an outage.
 *   The triggers copy it, so that the queue filters and sorts in one table; an incident without a session is new.
 * - One index is the queue's default order, and holds what filters and counters need, so that they never touch the rows. The
 *   other orders scan: 50,000 rows take some 20 ms to sort, and every index would be written with every batch of alerts.
 * - What the alerts say only ever grows, by a commutative fold; `severity` and `type` are what the queue shows once a verdict is in.
 */
const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "alerts and incidents",
    statements: [
      `CREATE TABLE alerts (
        id INTEGER PRIMARY KEY,
        hash TEXT NOT NULL,
        incident TEXT,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        source TEXT NOT NULL,
        event TEXT NOT NULL,
        signature TEXT,
        severity INTEGER NOT NULL,
        src TEXT,
        dest TEXT,
        host TEXT,
        user TEXT,
        telemetry_key TEXT,
        raw TEXT NOT NULL
      )`,
      "CREATE UNIQUE INDEX alerts_by_hash ON alerts (hash)",
      "CREATE INDEX alerts_by_incident ON alerts (incident) WHERE incident IS NOT NULL",
      "CREATE INDEX alerts_by_time ON alerts (incident, at) WHERE incident IS NOT NULL",
      "CREATE INDEX alerts_by_telemetry_key ON alerts (telemetry_key) WHERE telemetry_key IS NOT NULL",
      `CREATE TABLE incidents (
        name TEXT NOT NULL PRIMARY KEY,
        correlation_key TEXT NOT NULL,
        title TEXT NOT NULL,
        search TEXT NOT NULL,
        rank TEXT NOT NULL,
        alert_severity INTEGER NOT NULL,
        alert_type TEXT NOT NULL,
        first_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        alerts INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        status TEXT NOT NULL DEFAULT 'new',
        verdict_type TEXT,
        severity INTEGER NOT NULL,
        type TEXT NOT NULL
      ) WITHOUT ROWID`,
      "CREATE INDEX incidents_by_severity ON incidents (severity, last_at, name, status, type)",
      ...["INSERT", "UPDATE"].map(
        (event) => `CREATE TRIGGER incident_follows_session_${event.toLowerCase()}
          AFTER ${event} ON sessile_sessions WHEN NEW.kind = 'incident'
          BEGIN
            UPDATE incidents SET
              status = coalesce(NEW.status, 'new'),
              severity = max(alert_severity, coalesce(json_extract(NEW.facts, '$.verdictSeverity'), 0)),
              verdict_type = json_extract(NEW.facts, '$.verdictType'),
              type = coalesce(json_extract(NEW.facts, '$.verdictType'), alert_type),
              updated_at = max(updated_at, NEW.updatedAt)
            WHERE name = NEW.name;
          END`,
      ),
    ],
  },
];

/** Databases found current by this isolate. */
const current = new WeakSet<object>();

/** Brings the database to this version. Safe on every request and from many isolates at once. */
export async function migrateDatabase(db: D1Database): Promise<void> {
  if (current.has(db)) return;
  // The triggers hang on the library's directory, which is there in every mode.
  await migrateRecord(db);
  const applied = await appliedVersions(db);
  for (const migration of migrations) if (!applied.has(migration.version)) await apply(db, migration);
  current.add(db);
}

async function appliedVersions(db: D1Database): Promise<ReadonlySet<number>> {
  const [, versions] = await db.batch<{ version: number }>([
    db.prepare(
      "CREATE TABLE IF NOT EXISTS triage_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    ),
    db.prepare("SELECT version FROM triage_migrations"),
  ]);
  return new Set(versions?.results.map((row) => row.version));
}

/** The version's row goes first: of two isolates that migrate at once, one fails on its key before it touches a table. */
async function apply(db: D1Database, migration: Migration): Promise<void> {
  const claim = db
    .prepare("INSERT INTO triage_migrations (version, name) VALUES (?1, ?2)")
    .bind(migration.version, migration.name);
  try {
    await db.batch([claim, ...migration.statements.map((statement) => db.prepare(statement))]);
  } catch (thrown) {
    // Another isolate was faster, or the answer was lost after the commit.
    if (!(await appliedVersions(db)).has(migration.version)) throw thrown;
  }
}
