import { SessileError } from "../protocol/error.ts";
import {
  type UsageEntry,
  type UsageReport,
  type UsageRollup,
  type UsageSum,
  usageKinds,
} from "../protocol/usage.ts";
import type { Batch } from "./batch.ts";
import { numberAt, numberOrNullAt, type Sql, type SqlRow, textAt, textOrNullAt } from "./sql.ts";

const maxNameChars = 128;
const sums =
  "count(*) AS entries, coalesce(sum(input_tokens), 0) AS input, coalesce(sum(output_tokens), 0) AS output, coalesce(sum(total_tokens), 0) AS total, coalesce(sum(cost_micros), 0) AS cost, count(*) - count(cost_micros) AS unpriced";

/** The one meter: what the session's models, tools and sub-agents took. Summaries, quotas and budgets count here and nowhere else. */
export class Usage {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Newest first, those whose event comes before `before`. */
  list(
    limit: number,
    { before = Number.MAX_SAFE_INTEGER, kind }: { before?: number; kind?: string } = {},
  ): UsageEntry[] {
    return this.#sql
      .exec(
        "SELECT * FROM _sessile_usage WHERE seq < ? AND (? IS NULL OR kind = ?) ORDER BY seq DESC LIMIT ?",
        before,
        kind ?? null,
        kind ?? null,
        limit,
      )
      .map(entryOf);
  }

  /** Everything recorded up to event `upTo`, added up. */
  rollup(upTo = Number.MAX_SAFE_INTEGER): UsageRollup {
    const all = this.#sql.exec(`SELECT ${sums} FROM _sessile_usage WHERE seq <= ?`, upTo)[0] as SqlRow;
    const by = (column: "source" | "model") =>
      Object.fromEntries(
        this.#sql
          .exec(
            `SELECT ${column} AS name, ${sums} FROM _sessile_usage WHERE seq <= ? AND ${column} IS NOT NULL GROUP BY ${column} ORDER BY ${column}`,
            upTo,
          )
          .map((row) => [textAt(row, "name"), sumOf(row)]),
      );
    const tools = this.#sql.exec(
      "SELECT name, count(*) AS calls, sum(duration_ms) AS duration FROM _sessile_usage WHERE seq <= ? AND kind = 'tool' AND name IS NOT NULL GROUP BY name ORDER BY name",
      upTo,
    );
    return {
      ...sumOf(all),
      bySource: by("source"),
      byModel: by("model"),
      toolStats: Object.fromEntries(
        tools.map((row) => [
          textAt(row, "name"),
          { calls: numberAt(row, "calls"), durationMs: numberAt(row, "duration") },
        ]),
      ),
    };
  }
}

/**
 * Records an entry as part of the open commit.
 *
 * @returns false if the entry was recorded before
 * @throws SessileError `bad_request` naming the field
 */
export function recordUsage(sql: Sql, batch: Batch, report: UsageReport): boolean {
  const entry = checked(report);
  if (sql.exec("SELECT 1 AS found FROM _sessile_usage WHERE entry_id = ?", entry.entryId).length > 0)
    return false;
  const seq = batch.emitSystem("usage.recorded", entry);
  insertUsage(sql, { ...entry, seq, at: batch.at });
  return true;
}

export function insertUsage(sql: Sql, entry: UsageEntry): void {
  sql.exec(
    "INSERT INTO _sessile_usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
  );
}

function checked(report: UsageReport): Omit<UsageEntry, "seq" | "at"> {
  if (!usageKinds.includes(report.kind)) refuse("kind", `is one of: ${usageKinds.join(", ")}`);
  const inputTokens = count("inputTokens", report.inputTokens);
  const outputTokens = count("outputTokens", report.outputTokens);
  return {
    entryId: nameOf("entryId", report.entryId),
    kind: report.kind,
    source: nameOf("source", report.source),
    model: report.model === undefined ? null : nameOf("model", report.model),
    name: report.name === undefined ? null : nameOf("name", report.name),
    inputTokens,
    outputTokens,
    totalTokens:
      report.totalTokens === undefined
        ? inputTokens + outputTokens
        : count("totalTokens", report.totalTokens),
    costMicros:
      report.costMicros === undefined || report.costMicros === null
        ? null
        : count("costMicros", report.costMicros),
    durationMs: count("durationMs", report.durationMs),
    ref: report.ref === undefined ? null : nameOf("ref", report.ref),
  };
}

function nameOf(field: string, value: string): string {
  if (typeof value !== "string" || value === "" || value.length > maxNameChars)
    refuse(field, `has 1 to ${maxNameChars} characters`);
  return value;
}

function count(field: string, value = 0): number {
  if (!Number.isSafeInteger(value) || value < 0) refuse(field, "is a whole number, 0 or more");
  return value;
}

function refuse(field: string, rule: string): never {
  throw new SessileError("bad_request", `A usage entry's ${field} ${rule}.`, { field });
}

function sumOf(row: SqlRow): UsageSum {
  return {
    entries: numberAt(row, "entries"),
    tokens: { input: numberAt(row, "input"), output: numberAt(row, "output"), total: numberAt(row, "total") },
    costMicros: numberAt(row, "cost"),
    unpriced: numberAt(row, "unpriced"),
  };
}

function entryOf(row: SqlRow): UsageEntry {
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
