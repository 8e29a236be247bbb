import type { Migration } from "./migrations.ts";

/**
 * The library's own tables. `WITHOUT ROWID` or integer keys throughout: every index entry is a billed row written.
 * What each table holds and how it is rebuilt stands in ARCHITECTURE.md, "Tables".
 */
export const builtInMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "log, view, exactly-once, gates, timers, work, operator log",
    up(sql) {
      sql.exec(
        "CREATE TABLE _sessile_log (last_seq INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, body TEXT NOT NULL)",
      );
      sql.exec(
        "CREATE TABLE _sessile_view (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, body TEXT NOT NULL)",
      );
      sql.exec(
        "CREATE TABLE _sessile_continuation (owner TEXT NOT NULL, part INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (owner, part)) WITHOUT ROWID",
      );
      sql.exec(
        "CREATE TABLE _sessile_producer (producer TEXT PRIMARY KEY, actor TEXT NOT NULL, epoch INTEGER NOT NULL, n INTEGER NOT NULL, since_seq INTEGER NOT NULL) WITHOUT ROWID",
      );
      sql.exec(
        "CREATE TABLE _sessile_client_event (id TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID",
      );
      sql.exec(
        "CREATE TABLE _sessile_gate (gate_id TEXT PRIMARY KEY, status TEXT NOT NULL, body TEXT NOT NULL, outcome TEXT, seq INTEGER NOT NULL) WITHOUT ROWID",
      );
      sql.exec(
        "CREATE TABLE _sessile_timer (timer_id TEXT PRIMARY KEY, name TEXT NOT NULL, due_at INTEGER NOT NULL, input TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID",
      );
      sql.exec(
        "CREATE TABLE _sessile_work (work_id TEXT PRIMARY KEY, name TEXT NOT NULL, input TEXT NOT NULL, status TEXT NOT NULL, result TEXT) WITHOUT ROWID",
      );
      sql.exec(
        "CREATE TABLE _sessile_step (work_id TEXT NOT NULL, step TEXT NOT NULL, result TEXT NOT NULL, PRIMARY KEY (work_id, step)) WITHOUT ROWID",
      );
      sql.exec("CREATE TABLE _sessile_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
      sql.exec(
        "CREATE TABLE _sessile_oplog (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, level TEXT NOT NULL, tag TEXT NOT NULL, message TEXT NOT NULL, attrs TEXT)",
      );
    },
  },
  {
    version: 2,
    name: "snapshots, archive, import",
    up(sql) {
      sql.exec(
        "CREATE TABLE _sessile_snapshot (to_seq INTEGER PRIMARY KEY, from_seq INTEGER NOT NULL, snapshot_id TEXT NOT NULL, base_id TEXT, created_at INTEGER NOT NULL, view TEXT)",
      );
      sql.exec(
        "CREATE TABLE _sessile_archive (to_seq INTEGER PRIMARY KEY, from_seq INTEGER NOT NULL, hash_before TEXT NOT NULL, hash TEXT NOT NULL, place TEXT NOT NULL, bytes INTEGER NOT NULL, archived_at INTEGER NOT NULL)",
      );
      sql.exec(
        "CREATE TABLE _sessile_archive_part (to_seq INTEGER NOT NULL, part INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (to_seq, part)) WITHOUT ROWID",
      );
      sql.exec(
        "CREATE TABLE _sessile_staged (last_seq INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, body TEXT NOT NULL)",
      );
    },
  },
  {
    version: 3,
    name: "the draft",
    up(sql) {
      sql.exec(
        "CREATE TABLE _sessile_draft (id INTEGER PRIMARY KEY CHECK (id = 1), draft_id TEXT NOT NULL, author TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL, saved_at INTEGER NOT NULL)",
      );
    },
  },
  {
    version: 4,
    name: "summaries and the meter",
    up(sql) {
      sql.exec(
        "CREATE TABLE _sessile_summary (seq INTEGER PRIMARY KEY, to_seq INTEGER NOT NULL, style TEXT NOT NULL, reason TEXT NOT NULL, created_at INTEGER NOT NULL, body TEXT NOT NULL)",
      );
      sql.exec(
        "CREATE TABLE _sessile_summary_request (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, style TEXT NOT NULL, requested_at INTEGER NOT NULL)",
      );
      sql.exec(
        "CREATE TABLE _sessile_usage (seq INTEGER PRIMARY KEY, entry_id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL, model TEXT, name TEXT, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, total_tokens INTEGER NOT NULL, cost_micros INTEGER, duration_ms INTEGER NOT NULL, ref TEXT)",
      );
    },
  },
  {
    version: 5,
    name: "parts",
    up(sql) {
      sql.exec(
        "CREATE TABLE _sessile_part (part_id INTEGER PRIMARY KEY, upload_id TEXT, hash TEXT UNIQUE, media_type TEXT NOT NULL, bytes INTEGER NOT NULL, place TEXT NOT NULL, stored_at INTEGER NOT NULL, seq INTEGER)",
      );
      sql.exec(
        "CREATE TABLE _sessile_part_chunk (part_id INTEGER NOT NULL, chunk INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (part_id, chunk)) WITHOUT ROWID",
      );
    },
  },
  {
    version: 6,
    name: "streams",
    up(sql) {
      sql.exec(
        "CREATE TABLE _sessile_stream (stream_id TEXT PRIMARY KEY, seq INTEGER NOT NULL, body TEXT) WITHOUT ROWID",
      );
      sql.exec(
        "CREATE TABLE _sessile_segment (stream_id TEXT NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (stream_id, at)) WITHOUT ROWID",
      );
    },
  },
  {
    version: 7,
    name: "children",
    up(sql) {
      sql.exec(
        "CREATE TABLE _sessile_child (kind TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID",
      );
    },
  },
  {
    version: 8,
    name: "budgets",
    up(sql) {
      sql.exec(
        "CREATE TABLE _sessile_budget (budget_id TEXT PRIMARY KEY, source TEXT, ref TEXT, max_cost INTEGER, max_tokens INTEGER, raise_cost INTEGER NOT NULL, raise_tokens INTEGER NOT NULL, ask_for_ms INTEGER, used_cost INTEGER NOT NULL, used_tokens INTEGER NOT NULL, gate_id TEXT, offer_cost INTEGER, offer_tokens INTEGER, asked INTEGER NOT NULL) WITHOUT ROWID",
      );
      sql.exec(
        "CREATE TABLE _sessile_reservation (reservation_id TEXT PRIMARY KEY, source TEXT NOT NULL, ref TEXT, cost INTEGER NOT NULL, tokens INTEGER NOT NULL) WITHOUT ROWID",
      );
    },
  },
];
