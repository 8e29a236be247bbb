import { createD1Migrator, type D1Migration } from "../record/d1-migrator.ts";
import type { D1Database } from "../record/index.ts";

/**
 * Append-only: a released step is never edited, the next version mends it. Steps 2, 3, 4, 7, 8 and 9 add what other stores of
 * this layout have at the same versions; 5 and 6 are free there, and hold the meter and what runs and interrupts need.
 *
 * - `version` and `write_id` (7): compare-and-set, and how a batch depends on its own first statement (`guarded-write.ts`).
 * - `root_session_id`, `client_tool_call_ownership`, `checkpoint_id` (7): who owns a call is part of what one save shows whole.
 * - `__agents_staging`, `__agents_staged_messages` (7): a step's messages until it is finished.
 * - `number` of a checkpoint: their order; `step` and `stream_sequence` are what the chunks of a stream are cleaned up to.
 * - `expires_at` repeats `suspension_context.expiresAt`, which is what counts (9).
 */
const migrations: readonly D1Migration[] = [
  {
    version: 1,
    name: "states, messages, checkpoints, sub-sessions, runs",
    statements: [
      `CREATE TABLE __agents_states (
        session_id TEXT PRIMARY KEY,
        agent_type TEXT NOT NULL,
        parent_session_id TEXT,
        stream_id TEXT NOT NULL,
        step_count INTEGER NOT NULL DEFAULT 0,
        status TEXT NOT NULL DEFAULT 'active',
        output TEXT,
        error TEXT,
        aborted INTEGER NOT NULL DEFAULT 0,
        abort_reason TEXT,
        custom_state TEXT NOT NULL DEFAULT '{}',
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
      )`,
      `CREATE TABLE __agents_messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        message TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        UNIQUE (session_id, sequence)
      )`,
      `CREATE TABLE __agents_checkpoints (
        session_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        checkpoint_id TEXT NOT NULL,
        step INTEGER NOT NULL,
        message_count INTEGER NOT NULL,
        stream_sequence INTEGER NOT NULL,
        state TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (session_id, number),
        UNIQUE (session_id, checkpoint_id)
      ) WITHOUT ROWID`,
      `CREATE TABLE __agents_sub_session_refs (
        session_id TEXT NOT NULL,
        sub_session_id TEXT NOT NULL,
        agent_type TEXT NOT NULL,
        parent_tool_call_id TEXT NOT NULL,
        status TEXT NOT NULL DEFAULT 'active',
        started_at INTEGER NOT NULL,
        completed_at INTEGER,
        PRIMARY KEY (session_id, sub_session_id)
      )`,
      `CREATE TABLE __agents_runs (
        run_id TEXT PRIMARY KEY,
        session_id TEXT NOT NULL,
        turn INTEGER NOT NULL,
        status TEXT NOT NULL,
        step_count INTEGER NOT NULL DEFAULT 0,
        started_at INTEGER NOT NULL,
        completed_at INTEGER
      )`,
    ],
  },
  {
    version: 2,
    name: "sub-sessions that run elsewhere",
    statements: ["ALTER TABLE __agents_sub_session_refs ADD COLUMN remote_json TEXT"],
  },
  {
    version: 3,
    name: "whose session it is",
    statements: [
      "ALTER TABLE __agents_states ADD COLUMN user_id TEXT",
      "ALTER TABLE __agents_states ADD COLUMN tags TEXT",
      "ALTER TABLE __agents_states ADD COLUMN metadata TEXT",
    ],
  },
  {
    version: 4,
    name: "persistent sub-sessions",
    statements: [
      "ALTER TABLE __agents_sub_session_refs ADD COLUMN mode TEXT",
      "ALTER TABLE __agents_sub_session_refs ADD COLUMN name TEXT",
    ],
  },
  {
    version: 5,
    name: "the meter",
    statements: [
      `CREATE TABLE __agents_usage (
        session_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        entry_id TEXT NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        source TEXT NOT NULL,
        model TEXT,
        name TEXT,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        total_tokens INTEGER NOT NULL,
        cost_micros INTEGER,
        duration_ms INTEGER NOT NULL,
        ref TEXT,
        PRIMARY KEY (session_id, seq),
        UNIQUE (session_id, entry_id)
      ) WITHOUT ROWID`,
    ],
  },
  {
    version: 6,
    name: "interrupts, runs in their order",
    statements: [
      `CREATE TABLE __agents_interrupt_flags (
        session_id TEXT PRIMARY KEY,
        interrupted INTEGER NOT NULL DEFAULT 0,
        reason TEXT,
        timestamp INTEGER
      )`,
      "ALTER TABLE __agents_runs ADD COLUMN start_sequence INTEGER NOT NULL DEFAULT 0",
      "ALTER TABLE __agents_runs ADD COLUMN outcome TEXT",
      "CREATE INDEX __agents_runs_by_turn ON __agents_runs (session_id, turn)",
    ],
  },
  {
    version: 7,
    name: "people in the loop, versions, staging",
    statements: [
      "ALTER TABLE __agents_states ADD COLUMN failure_reason TEXT",
      "ALTER TABLE __agents_states ADD COLUMN pending_client_tool_calls TEXT",
      "ALTER TABLE __agents_states ADD COLUMN expires_at INTEGER",
      "ALTER TABLE __agents_states ADD COLUMN root_session_id TEXT",
      "ALTER TABLE __agents_states ADD COLUMN client_tool_call_ownership TEXT",
      "ALTER TABLE __agents_states ADD COLUMN checkpoint_id TEXT",
      "ALTER TABLE __agents_states ADD COLUMN resume_count INTEGER NOT NULL DEFAULT 0",
      "ALTER TABLE __agents_states ADD COLUMN version INTEGER NOT NULL DEFAULT 1",
      "ALTER TABLE __agents_states ADD COLUMN write_id TEXT",
      `UPDATE __agents_states SET checkpoint_id = (SELECT checkpoint_id FROM __agents_checkpoints AS c
        WHERE c.session_id = __agents_states.session_id ORDER BY number DESC LIMIT 1)`,
      `CREATE TABLE __agents_staging (
        session_id TEXT NOT NULL,
        staging_id TEXT NOT NULL,
        checkpoint_id TEXT,
        created_at INTEGER NOT NULL,
        promoted_at INTEGER,
        PRIMARY KEY (session_id, staging_id)
      ) WITHOUT ROWID`,
      `CREATE TABLE __agents_staged_messages (
        session_id TEXT NOT NULL,
        staging_id TEXT NOT NULL,
        position INTEGER NOT NULL,
        message_key TEXT NOT NULL,
        message TEXT NOT NULL,
        PRIMARY KEY (session_id, staging_id, message_key)
      ) WITHOUT ROWID`,
    ],
  },
  {
    version: 8,
    name: "answers that came",
    statements: ["ALTER TABLE __agents_states ADD COLUMN completed_client_tool_calls TEXT"],
  },
  {
    version: 9,
    name: "suspension as one",
    statements: [
      "ALTER TABLE __agents_states ADD COLUMN suspension_context TEXT DEFAULT NULL",
      "UPDATE __agents_states SET suspension_context = json_object('expiresAt', expires_at) WHERE expires_at IS NOT NULL",
      `CREATE INDEX idx___agents_states_suspension_expires_at
        ON __agents_states (json_extract(suspension_context, '$.expiresAt')) WHERE suspension_context IS NOT NULL`,
    ],
  },
];

export const stateStoreVersion: number = migrations.length;

/**
 * Brings the store's tables to this version. Safe on every request: free once this isolate has seen the database current.
 * Stores call it themselves.
 *
 * @throws SessileError `unavailable`
 */
export const runMigration: (db: D1Database) => Promise<void> = createD1Migrator(
  "__agents_migrations",
  migrations,
);
