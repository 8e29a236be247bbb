import type { Migration, Sql } from "../kernel/index.ts";

/**
 * The tables of `d1-migrations.ts` in a session's own database, where they came about in five steps. Append-only as those are.
 * Keys without a rowid, because every index is a row more. `role`, `content` and `tool_calls` of a message are read out of its JSON.
 */
export const objectMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "state, messages, checkpoints, sub-sessions, runs, interrupts",
    up: run(
      `CREATE TABLE __agents_states (
        session_id TEXT PRIMARY KEY,
        agent_type TEXT NOT NULL,
        parent_session_id TEXT,
        stream_id TEXT NOT NULL,
        step_count INTEGER NOT NULL DEFAULT 0,
        resume_count INTEGER NOT NULL DEFAULT 0,
        status TEXT NOT NULL DEFAULT 'active',
        output TEXT,
        error TEXT,
        failure_reason TEXT,
        aborted INTEGER NOT NULL DEFAULT 0,
        abort_reason TEXT,
        custom_state TEXT NOT NULL DEFAULT '{}',
        user_id TEXT,
        tags TEXT,
        metadata TEXT,
        checkpoint_id TEXT,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
      ) WITHOUT ROWID`,
      `CREATE TABLE __agents_messages (
        session_id TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        message TEXT NOT NULL,
        role TEXT GENERATED ALWAYS AS (json_extract(message, '$.role')) VIRTUAL,
        content TEXT GENERATED ALWAYS AS (json_extract(message, '$.content')) VIRTUAL,
        tool_calls TEXT GENERATED ALWAYS AS (json_extract(message, '$.tool_calls')) VIRTUAL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (session_id, sequence)
      ) WITHOUT ROWID`,
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
        remote_json TEXT,
        name TEXT,
        started_at INTEGER NOT NULL,
        completed_at INTEGER,
        PRIMARY KEY (session_id, sub_session_id)
      ) WITHOUT ROWID`,
      `CREATE TABLE __agents_runs (
        run_id TEXT PRIMARY KEY,
        session_id TEXT NOT NULL,
        turn INTEGER NOT NULL,
        status TEXT NOT NULL,
        step_count INTEGER NOT NULL DEFAULT 0,
        start_sequence INTEGER NOT NULL DEFAULT 0,
        outcome TEXT,
        started_at INTEGER NOT NULL,
        completed_at INTEGER
      ) WITHOUT ROWID`,
      "CREATE INDEX __agents_runs_by_turn ON __agents_runs (session_id, turn)",
      `CREATE TABLE __agents_interrupt_flags (
        session_id TEXT PRIMARY KEY,
        interrupted INTEGER NOT NULL DEFAULT 0,
        reason TEXT,
        timestamp INTEGER
      ) WITHOUT ROWID`,
    ),
  },
  {
    version: 2,
    name: "persistent sub-sessions",
    up: run("ALTER TABLE __agents_sub_session_refs ADD COLUMN mode TEXT"),
  },
  {
    version: 3,
    name: "people in the loop, versions, staging",
    up: run(
      "ALTER TABLE __agents_states ADD COLUMN pending_client_tool_calls TEXT",
      "ALTER TABLE __agents_states ADD COLUMN root_session_id TEXT",
      "ALTER TABLE __agents_states ADD COLUMN client_tool_call_ownership TEXT",
      "ALTER TABLE __agents_states ADD COLUMN version INTEGER NOT NULL DEFAULT 1",
      "ALTER TABLE __agents_states ADD COLUMN write_id TEXT",
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
    ),
  },
  {
    version: 4,
    name: "answers that came",
    up: run("ALTER TABLE __agents_states ADD COLUMN completed_client_tool_calls TEXT"),
  },
  {
    version: 5,
    name: "suspension as one",
    up: run(
      "ALTER TABLE __agents_states ADD COLUMN suspension_context TEXT DEFAULT NULL",
      "ALTER TABLE __agents_states ADD COLUMN expires_at INTEGER",
    ),
  },
];

function run(...statements: readonly string[]): (sql: Sql) => void {
  return (sql) => {
    for (const statement of statements) sql.exec(statement);
  };
}
