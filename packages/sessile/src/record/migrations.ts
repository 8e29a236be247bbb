import type { D1Database } from "./d1.ts";
import { createD1Migrator, type D1Migration } from "./d1-migrator.ts";

/**
 * Append-only: a released step is never edited, the next version mends it.
 *
 * - `session_events` has no rowid, because every index of it is one more billed row per event. Its ids begin with the time, so
 *   inserts land at the end of the tree.
 * - `payloadJson` is null where the payload was too long for a row; `session_event_parts` has it then. Null rather than a first
 *   piece, so that SQL which reads into the JSON meets no half of one.
 * - `resultJson` is null where the command answered nothing, empty where the answer lies in `session_event_parts` under `{eventId}:result`.
 * - `visibility` is null where a kind has no owners; `readerIds` is a JSON array.
 * - A token is stored as its SHA-256 only: its 256 random bits need no slower hash.
 * - `headHash` is the chain hash of event `headSeq`: what an export is held against.
 * - A row of `sessile_quota_charges` is a charge; the trigger counts it, so that the two can never disagree.
 * - `sessile_gates` holds what waits, no more; `expiresAt` of what waits for ever is the greatest whole number, so that it sorts last.
 * - The only list index is the default order's. Reading a row costs a thousandth of writing one, so filters scan.
 */
const migrations: readonly D1Migration[] = [
  {
    version: 1,
    name: "directory and log",
    statements: [
      `CREATE TABLE sessile_sessions (
        sessionId TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        lifecycle TEXT NOT NULL,
        status TEXT,
        title TEXT NOT NULL,
        searchText TEXT NOT NULL,
        ownerId TEXT,
        lastSeq INTEGER NOT NULL,
        recordedSeq INTEGER NOT NULL DEFAULT 0,
        epoch INTEGER,
        createdAt INTEGER NOT NULL,
        updatedAt INTEGER NOT NULL,
        facts TEXT NOT NULL DEFAULT '{}'
      ) WITHOUT ROWID`,
      "CREATE INDEX sessile_sessions_by_update ON sessile_sessions (updatedAt, sessionId)",
      `CREATE TABLE session_events (
        eventId TEXT NOT NULL PRIMARY KEY,
        sessionId TEXT NOT NULL REFERENCES sessile_sessions (sessionId),
        seq INTEGER NOT NULL,
        type TEXT NOT NULL,
        createdAt TEXT NOT NULL,
        actorUserId TEXT,
        actorName TEXT,
        clientEventId TEXT,
        payloadJson TEXT,
        isPending INTEGER NOT NULL DEFAULT 0
      ) WITHOUT ROWID`,
      "CREATE UNIQUE INDEX session_events_by_seq ON session_events (sessionId, seq)",
      `CREATE UNIQUE INDEX session_events_by_client_event ON session_events (sessionId, clientEventId)
        WHERE clientEventId IS NOT NULL`,
      `CREATE TABLE session_event_parts (
        eventId TEXT NOT NULL,
        part INTEGER NOT NULL,
        sessionId TEXT NOT NULL REFERENCES sessile_sessions (sessionId),
        text TEXT NOT NULL,
        PRIMARY KEY (eventId, part)
      ) WITHOUT ROWID`,
    ],
  },
  {
    version: 2,
    name: "results, chain head",
    statements: [
      "ALTER TABLE session_events ADD COLUMN resultJson TEXT",
      "ALTER TABLE sessile_sessions ADD COLUMN headSeq INTEGER",
      "ALTER TABLE sessile_sessions ADD COLUMN headHash TEXT",
    ],
  },
  {
    version: 3,
    name: "quotas",
    statements: [
      `CREATE TABLE sessile_quota_days (
        day TEXT NOT NULL,
        subject TEXT NOT NULL,
        used INTEGER NOT NULL,
        minute INTEGER NOT NULL,
        usedInMinute INTEGER NOT NULL,
        PRIMARY KEY (day, subject)
      ) WITHOUT ROWID`,
      `CREATE TABLE sessile_quota_charges (
        day TEXT NOT NULL,
        subject TEXT NOT NULL,
        action TEXT NOT NULL,
        chargeKey TEXT NOT NULL,
        units INTEGER NOT NULL,
        minute INTEGER NOT NULL,
        PRIMARY KEY (day, subject, action, chargeKey)
      ) WITHOUT ROWID`,
      `CREATE TRIGGER sessile_quota_counted AFTER INSERT ON sessile_quota_charges WHEN NEW.units > 0 BEGIN
        INSERT INTO sessile_quota_days (day, subject, used, minute, usedInMinute)
          VALUES (NEW.day, NEW.subject, NEW.units, NEW.minute, NEW.units)
          ON CONFLICT (day, subject) DO UPDATE SET used = used + NEW.units,
            usedInMinute = CASE WHEN minute >= NEW.minute THEN usedInMinute ELSE 0 END + NEW.units,
            minute = MAX(minute, NEW.minute);
      END`,
    ],
  },
  {
    version: 4,
    name: "access, API tokens",
    statements: [
      "ALTER TABLE sessile_sessions ADD COLUMN visibility TEXT",
      "ALTER TABLE sessile_sessions ADD COLUMN readerIds TEXT",
      `CREATE TABLE sessile_tokens (
        hash TEXT NOT NULL PRIMARY KEY,
        tokenId TEXT NOT NULL UNIQUE,
        actorId TEXT NOT NULL,
        actorName TEXT,
        label TEXT NOT NULL,
        rights TEXT NOT NULL,
        createdAt INTEGER NOT NULL,
        expiresAt INTEGER,
        lastUsedAt INTEGER
      ) WITHOUT ROWID`,
      "CREATE INDEX sessile_tokens_by_actor ON sessile_tokens (actorId, createdAt)",
    ],
  },
  {
    version: 5,
    name: "deletions",
    statements: [
      `CREATE TABLE sessile_deletions (
        sessionId TEXT NOT NULL PRIMARY KEY,
        deletedAt INTEGER NOT NULL
      ) WITHOUT ROWID`,
      "CREATE INDEX session_event_parts_by_session ON session_event_parts (sessionId)",
    ],
  },
  {
    version: 6,
    name: "gates that wait, policies",
    statements: [
      `CREATE TABLE sessile_gates (
        sessionId TEXT NOT NULL REFERENCES sessile_sessions (sessionId),
        gateId TEXT NOT NULL,
        expiresAt INTEGER NOT NULL,
        openedAt INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (sessionId, gateId)
      ) WITHOUT ROWID`,
      `CREATE TABLE sessile_gate_policies (
        policyId TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        scope TEXT NOT NULL,
        pattern TEXT NOT NULL,
        madeBy TEXT NOT NULL,
        makerId TEXT NOT NULL,
        createdAt INTEGER NOT NULL,
        expiresAt INTEGER,
        revokedAt INTEGER,
        revokedBy TEXT
      ) WITHOUT ROWID`,
    ],
  },
];

export const recordVersion: number = migrations.length;

/**
 * Brings a database to this version; call it as often as you like.
 *
 * @throws SessileError `unavailable`
 */
export const migrateRecord: (db: D1Database) => Promise<void> = createD1Migrator(
  "sessile_record_migrations",
  migrations,
);
