import type { UsageRollup, UsageSum } from "../protocol/usage.ts";
import { numberAt, type SqlRow, type SqlValue, textAt } from "./sql.ts";

/** Entries in a table that has the columns of `_sessile_usage`. */
export interface UsageScope {
  readonly table: string;
  /** A condition, and what it binds. */
  readonly where: string;
  readonly values: readonly SqlValue[];
}

interface UsageQuery {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

const sums =
  "count(*) AS entries, coalesce(sum(input_tokens), 0) AS input, coalesce(sum(output_tokens), 0) AS output, coalesce(sum(total_tokens), 0) AS total, coalesce(sum(cost_micros), 0) AS cost, count(*) - count(cost_micros) AS unpriced";

/** What adds entries up, wherever they lie; `rollupOf` takes the answers in this order. */
export function rollupQueries({ table, where, values }: UsageScope): readonly UsageQuery[] {
  const by = (column: "source" | "model") =>
    `SELECT ${column} AS name, ${sums} FROM ${table} WHERE ${where} AND ${column} IS NOT NULL GROUP BY ${column} ORDER BY ${column}`;
  const named = (kind: "tool" | "subagent") =>
    `SELECT name, count(*) AS calls, sum(duration_ms) AS duration, ${sums} FROM ${table} WHERE ${where} AND kind = '${kind}' AND name IS NOT NULL GROUP BY name ORDER BY name`;
  return [
    `SELECT ${sums} FROM ${table} WHERE ${where}`,
    by("source"),
    by("model"),
    named("tool"),
    named("subagent"),
  ].map((sql) => ({ sql, values }));
}

export function rollupOf(answers: readonly (readonly SqlRow[])[]): UsageRollup {
  const [[all] = [], sources = [], models = [], tools = [], subagents = []] = answers as readonly SqlRow[][];
  return {
    ...sumOf(all as SqlRow),
    bySource: Object.fromEntries(sources.map((row) => [textAt(row, "name"), sumOf(row)])),
    byModel: Object.fromEntries(models.map((row) => [textAt(row, "name"), sumOf(row)])),
    toolStats: Object.fromEntries(tools.map((row) => [textAt(row, "name"), callsOf(row)])),
    subagentStats: Object.fromEntries(
      subagents.map((row) => [textAt(row, "name"), { ...callsOf(row), tokens: sumOf(row).tokens.total }]),
    ),
  };
}

function callsOf(row: SqlRow): { readonly calls: number; readonly durationMs: number } {
  return { calls: numberAt(row, "calls"), durationMs: numberAt(row, "duration") };
}

function sumOf(row: SqlRow): UsageSum {
  return {
    entries: numberAt(row, "entries"),
    tokens: { input: numberAt(row, "input"), output: numberAt(row, "output"), total: numberAt(row, "total") },
    costMicros: numberAt(row, "cost"),
    unpriced: numberAt(row, "unpriced"),
  };
}
