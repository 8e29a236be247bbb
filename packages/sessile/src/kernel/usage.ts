import { SessileError } from "../protocol/error.ts";
import { type UsageEntry, type UsageReport, type UsageRollup, usageKinds } from "../protocol/usage.ts";
import type { Batch } from "./batch.ts";
import { countEntry } from "./budget-table.ts";
import {
  numberAt,
  numberOrNullAt,
  type Sql,
  type SqlRow,
  type SqlValue,
  textAt,
  textOrNullAt,
} from "./sql.ts";
import { rollupOf, rollupQueries } from "./usage-sums.ts";

const maxNameChars = 128;
/** Columns of an entry, in every table of entries. */
export const usageColumns =
  "seq, entry_id, at, kind, source, model, name, input_tokens, output_tokens, total_tokens, cost_micros, duration_ms, ref";

/** The one meter: what the session's models, tools and sub-agents took. Summaries, quotas and budgets count here and nowhere else. */
export class Usage {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Newest first, those whose event comes before `before`. */
  list(
    limit: number,
    { before = Number.MAX_SAFE_INTEGER, kinds }: { before?: number; kinds?: readonly string[] } = {},
  ): UsageEntry[] {
    const wanted = kinds === undefined ? null : JSON.stringify(kinds);
    return this.#sql
      .exec(
        "SELECT * FROM _sessile_usage WHERE seq < ? AND (? IS NULL OR kind IN (SELECT value FROM json_each(?))) ORDER BY seq DESC LIMIT ?",
        before,
        wanted,
        wanted,
        limit,
      )
      .map(entryOf);
  }

  /** What was recorded up to event `upTo`, of everything or for one `ref`, added up. */
  rollup({ upTo = Number.MAX_SAFE_INTEGER, ref }: { upTo?: number; ref?: string } = {}): UsageRollup {
    const where = ref === undefined ? "seq <= ?" : "seq <= ? AND ref = ?";
    const values = ref === undefined ? [upTo] : [upTo, ref];
    const queries = rollupQueries({ table: "_sessile_usage", where, values });
    return rollupOf(queries.map(({ sql, values }) => this.#sql.exec(sql, ...values)));
  }
}

/**
 * Records an entry as part of the open commit.
 *
 * @returns false if the entry was recorded before
 * @throws SessileError `bad_request` naming the field
 */
export function recordUsage(sql: Sql, batch: Batch, report: UsageReport, reservationId?: string): boolean {
  const entry = checkedUsage(report);
  if (sql.exec("SELECT 1 AS found FROM _sessile_usage WHERE entry_id = ?", entry.entryId).length > 0)
    return false;
  const recorded = reservationId === undefined ? entry : { ...entry, reservationId };
  const seq = batch.emitSystem("usage.recorded", recorded);
  insertUsage(sql, { ...recorded, seq, at: batch.at });
  return true;
}

export function insertUsage(sql: Sql, entry: UsageEntry & { readonly reservationId?: string }): void {
  sql.exec(
    `INSERT INTO _sessile_usage (${usageColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...usageValues(entry),
  );
  countEntry(sql, entry, entry.reservationId);
}

/** In the order of `usageColumns`. */
export function usageValues(entry: UsageEntry): readonly SqlValue[] {
  return [
    entry.seq,
    entry.entryId,
    entry.at,
    entry.kind,
    entry.source,
    entry.model,
    entry.name,
    entry.inputTokens,
    entry.outputTokens,
    entry.totalTokens,
    entry.costMicros,
    entry.durationMs,
    entry.ref,
  ];
}

/** @throws SessileError `bad_request` naming the field */
export function checkedUsage(report: UsageReport): Omit<UsageEntry, "seq" | "at"> {
  if (!usageKinds.includes(report.kind)) refuse("kind", `is one of: ${usageKinds.join(", ")}`);
  const inputTokens = checkedCount("inputTokens", report.inputTokens);
  const outputTokens = checkedCount("outputTokens", report.outputTokens);
  return {
    entryId: checkedName("entryId", report.entryId),
    kind: report.kind,
    source: checkedName("source", report.source),
    model: report.model === undefined ? null : checkedName("model", report.model),
    name: report.name === undefined ? null : checkedName("name", report.name),
    inputTokens,
    outputTokens,
    totalTokens:
      report.totalTokens === undefined
        ? inputTokens + outputTokens
        : checkedCount("totalTokens", report.totalTokens),
    costMicros:
      report.costMicros === undefined || report.costMicros === null
        ? null
        : checkedCount("costMicros", report.costMicros),
    durationMs: checkedCount("durationMs", report.durationMs),
    ref: report.ref === undefined ? null : checkedName("ref", report.ref),
  };
}

export function checkedName(field: string, value: string): string {
  if (typeof value !== "string" || value === "" || value.length > maxNameChars)
    refuse(field, `has 1 to ${maxNameChars} characters`);
  return value;
}

export function checkedCount(field: string, value = 0): number {
  if (!Number.isSafeInteger(value) || value < 0) refuse(field, "is a whole number, 0 or more");
  return value;
}

function refuse(field: string, rule: string): never {
  throw new SessileError("bad_request", `${field} of what is used ${rule}.`, { field });
}

export function entryOf(row: SqlRow): UsageEntry {
  return {
    entryId: textAt(row, "entry_id"),
    kind: textAt(row, "kind") as UsageEntry["kind"],
    source: textAt(row, "source"),
    model: textOrNullAt(row, "model"),
    name: textOrNullAt(row, "name"),
    inputTokens: numberAt(row, "input_tokens"),
    outputTokens: numberAt(row, "output_tokens"),
    totalTokens: numberAt(row, "total_tokens"),
    costMicros: numberOrNullAt(row, "cost_micros"),
    durationMs: numberAt(row, "duration_ms"),
    ref: textOrNullAt(row, "ref"),
    seq: numberAt(row, "seq"),
    at: numberAt(row, "at"),
  };
}
