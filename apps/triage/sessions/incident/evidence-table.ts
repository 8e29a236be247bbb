import type { Migration } from "sessile";
import type { AlertPage, AlertRow } from "../../src/contract/api.ts";
import type { EvidenceQuery, Plain } from "../../src/contract/session.ts";
import {
  type Alert,
  type IncidentSummary,
  restoreAlert,
  restoreSummary,
  type StoredSummary,
} from "../../src/domain/index.ts";
import { alertRowOf } from "../../src/worker/database/alert-row.ts";
import { decodeCursor, encodeCursor } from "../../src/worker/database/page-cursor.ts";
import { parseLimit } from "../../src/worker/database/page-request.ts";

/** What a session remembers about its evidence as a whole. */
export interface EvidenceFacts {
  /** Ids in D1 up to which alerts and telemetry are taken. */
  readonly alertCursor: number;
  readonly telemetryCursor: number;
  /** The keys that `telemetryCursor` counts for, as JSON. */
  readonly telemetryKeys: string;
  /** Fold of the alerts taken so far. */
  readonly summary: IncidentSummary | null;
}

const nothingYet: EvidenceFacts = { alertCursor: 0, telemetryCursor: 0, telemetryKeys: "", summary: null };
const pageRows = 500;
/** Before every record, also those that say they are from before 1970. */
const start: readonly [at: number, id: number] = [Number.MIN_SAFE_INTEGER, 0];

type StoredFacts = Omit<EvidenceFacts, "summary"> & { readonly summary: StoredSummary | null };

function factsFrom(stored: StoredFacts): EvidenceFacts {
  return { ...stored, summary: stored.summary && restoreSummary(stored.summary) };
}

/**
 * The incident's records in the session's own database. Not rebuilt from the log, which holds their hashes: the records
 * themselves are in D1.
 */
export const evidenceMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "evidence",
    up(sql) {
      sql.exec(
        "CREATE TABLE evidence (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, kind TEXT NOT NULL, line TEXT NOT NULL, raw TEXT NOT NULL)",
      );
      sql.exec("CREATE INDEX evidence_by_time ON evidence (at)");
      sql.exec("CREATE TABLE evidence_facts (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL)");
    },
  },
];

export class EvidenceTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  get facts(): EvidenceFacts {
    const row = this.#sql.exec<{ body: string }>("SELECT body FROM evidence_facts").toArray()[0];
    return row ? factsFrom(JSON.parse(row.body) as StoredFacts) : nothingYet;
  }

  set facts(facts: EvidenceFacts) {
    this.#sql.exec("INSERT OR REPLACE INTO evidence_facts VALUES (1, ?)", JSON.stringify(facts));
  }

  /** @returns the alerts that were not there yet */
  add(alerts: readonly Alert[]): readonly Alert[] {
    return alerts.filter((alert) => {
      const line = JSON.stringify(alertRowOf(alert));
      const added = this.#sql.exec(
        "INSERT INTO evidence (hash, at, kind, line, raw) VALUES (?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING RETURNING id",
        alert.hash,
        alert.at,
        alert.kind,
        line,
        alert.rawJson,
      );
      return added.toArray().length > 0;
    });
  }

  count(kind: Alert["kind"]): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM evidence WHERE kind = ?", kind).one().n;
  }

  /** A page of lines for people. @throws SessileError `bad_request` */
  page(query: EvidenceQuery): Plain<AlertPage> {
    const limit = parseLimit(query.limit);
    const kinds = query.kind === undefined ? ["alert", "telemetry"] : [query.kind];
    const [, at, id] =
      query.cursor === undefined ? ["at", ...start] : decodeCursor(query.cursor, "at", ["number", "number"]);
    const found = this.#sql
      .exec<{ id: number; at: number; line: string }>(
        `SELECT id, at, line FROM evidence WHERE (at, id) > (?, ?) AND kind IN (${kinds.map(() => "?").join(", ")}) ORDER BY at, id LIMIT ?`,
        at as number,
        id as number,
        ...kinds,
        limit + 1,
      )
      .toArray();
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const hasMore = found.length > limit;
    return {
      items: shown.map(({ line }) => JSON.parse(line) as AlertRow),
      nextCursor: hasMore && last ? encodeCursor(["at", last.at, last.id]) : null,
      hasMore,
      total: kinds.reduce((sum, kind) => sum + this.count(kind as Alert["kind"]), 0),
    };
  }

  raw(hash: string): string | null {
    const row = this.#sql.exec<{ raw: string }>("SELECT raw FROM evidence WHERE hash = ?", hash).toArray()[0];
    return row?.raw ?? null;
  }

  /** Every record in order of time, one page in memory. Each iteration begins anew. */
  alerts(): Iterable<Alert> {
    const sql = this.#sql;
    return {
      *[Symbol.iterator]() {
        let position = start;
        for (;;) {
          const rows = sql
            .exec<{ id: number; at: number; hash: string; raw: string }>(
              "SELECT id, at, hash, raw FROM evidence WHERE (at, id) > (?, ?) ORDER BY at, id LIMIT ?",
              ...position,
              pageRows,
            )
            .toArray();
          for (const { hash, raw } of rows) {
            const alert = restoreAlert(raw, hash);
            if (alert) yield alert;
          }
          const last = rows.at(-1);
          if (!last) return;
          position = [last.at, last.id];
        }
      },
    };
  }
}
