import { SessileError } from "sessile";
import type { IncidentDetail, IncidentPage, IncidentRow, QueueSummary } from "../../contract/api.ts";
import type { IncidentStatus } from "../../contract/incident.ts";
import {
  explain,
  type IncidentType,
  parseIncidentKey,
  type Severity,
  severities,
  severityOfRank,
} from "../../domain/index.ts";
import { decodeCursor, encodeCursor, type PageCursor } from "./page-cursor.ts";
import type { PageRequest } from "./page-request.ts";
import { conditionsOf, type QueueFilter, statuses, whereOf } from "./queue-filter.ts";

/** Columns of each order; `name` makes it total. One direction for all of them, so that a row comparison is the cursor. */
const sorts = {
  "-severity": { columns: ["severity", "last_at", "name"], direction: "DESC" },
  "-lastAt": { columns: ["last_at", "name"], direction: "DESC" },
  lastAt: { columns: ["last_at", "name"], direction: "ASC" },
  "-alerts": { columns: ["alerts", "name"], direction: "DESC" },
  "-updatedAt": { columns: ["updated_at", "name"], direction: "DESC" },
  title: { columns: ["search", "name"], direction: "ASC" },
} as const;
export type QueueSort = keyof typeof sorts;

interface Columns {
  readonly name: string;
  readonly title: string;
  readonly severity: number;
  readonly type: IncidentType;
  readonly status: IncidentStatus;
  readonly alerts: number;
  readonly first_at: number;
  readonly last_at: number;
  readonly updated_at: number;
  readonly search: string;
}

const columns = "name, title, severity, type, status, alerts, first_at, last_at, updated_at, search";

/** @throws SessileError `bad_request` */
export function parseSort(sort: string | undefined): QueueSort {
  if (sort === undefined || sort === "") return "-severity";
  if (Object.hasOwn(sorts, sort)) return sort as QueueSort;
  throw new SessileError("bad_request", `sort is one of: ${Object.keys(sorts).join(", ")}.`, {
    field: "sort",
  });
}

export async function listIncidents(
  db: D1Database,
  filter: QueueFilter,
  sort: QueueSort,
  page: PageRequest,
): Promise<IncidentPage> {
  const { columns: keys, direction } = sorts[sort];
  const matching = conditionsOf(filter);
  const clauses = [...matching.clauses];
  const values = [...matching.values];
  if (page.cursor !== undefined) {
    const types = keys.map((key) => (key === "name" || key === "search" ? "string" : "number"));
    const [, ...position] = decodeCursor(page.cursor, sort, types);
    clauses.push(
      `(${keys.join(", ")}) ${direction === "DESC" ? "<" : ">"} (${keys.map(() => "?").join(", ")})`,
    );
    values.push(...position);
  }
  const order = keys.map((key) => `${key} ${direction}`).join(", ");
  const [rows, count] = await db.batch<Columns & { total: number }>([
    db
      .prepare(`SELECT ${columns} FROM incidents ${whereOf(clauses)} ORDER BY ${order} LIMIT ?`)
      .bind(...values, page.limit + 1),
    db
      .prepare(`SELECT count(*) AS total FROM incidents ${whereOf(matching.clauses)}`)
      .bind(...matching.values),
  ]);
  const found = rows?.results ?? [];
  const shown = found.slice(0, page.limit);
  const last = shown.at(-1);
  const hasMore = found.length > page.limit;
  return {
    items: shown.map(rowOf),
    nextCursor:
      hasMore && last ? encodeCursor([sort, ...keys.map((key) => last[key])] as unknown as PageCursor) : null,
    hasMore,
    total: count?.results[0]?.total ?? 0,
  };
}

function rowOf(row: Columns): IncidentRow {
  const { name, title, type, status, alerts } = row;
  const severity = severityOfRank(row.severity);
  return {
    name,
    title,
    severity,
    type,
    status,
    alerts,
    firstAt: row.first_at,
    lastAt: row.last_at,
    updatedAt: row.updated_at,
  };
}

/** @throws SessileError `not_found` */
export async function readIncident(db: D1Database, name: string): Promise<IncidentDetail> {
  const row = await db
    .prepare(`SELECT ${columns}, correlation_key FROM incidents WHERE name = ?1`)
    .bind(name)
    .first<Columns & { correlation_key: string }>();
  if (!row) throw new SessileError("not_found", "There is no incident of this name.", { field: "name" });
  return { incident: rowOf(row), why: whyOf(row.correlation_key) };
}

export async function incidentExists(db: D1Database, name: string): Promise<boolean> {
  const row = await db.prepare("SELECT 1 AS found FROM incidents WHERE name = ?1").bind(name).first();
  return row !== null;
}

function whyOf(key: string): IncidentDetail["why"] {
  const { sentence, rule, why } = explain(key);
  const parts = parseIncidentKey(key);
  const from = parts?.from ?? 0;
  return {
    sentence: why === "" ? sentence : `${sentence} ${why}`,
    rule,
    fields: Object.fromEntries(
      Object.entries(parts?.fields ?? {}).map(([field, value]) => [field, String(value)]),
    ),
    from,
    to: from + (parts?.rule.windowHours ?? 0) * 3_600_000,
  };
}

const maxBuckets = 60;
const bucketLengthsMs = [
  1, 5, 15, 60, 180, 360, 720, 1440, 2880, 10_080, 20_160, 43_200, 129_600, 525_600,
].map((minutes) => minutes * 60_000);

/** Counters and chart in one pass over the incidents that match. */
export async function summariseQueue(db: D1Database, filter: QueueFilter): Promise<QueueSummary> {
  const { clauses, values } = conditionsOf(filter);
  const span = await db
    .prepare(`SELECT min(last_at) AS first, max(last_at) AS last FROM incidents ${whereOf(clauses)}`)
    .bind(...values)
    .first<{ first: number | null; last: number | null }>();
  const first = span?.first ?? 0;
  const last = span?.last ?? 0;
  const length = bucketLengthMs(first, last);
  const start = Math.floor(first / length);
  const { results } = await db
    .prepare(
      `SELECT status, severity, last_at / ? AS bucket, count(*) AS incidents FROM incidents ${whereOf(clauses)} GROUP BY 1, 2, 3`,
    )
    .bind(length, ...values)
    .all<{ status: IncidentStatus; severity: number; bucket: number; incidents: number }>();
  const byStatus = zeros(statuses);
  const bySeverity = zeros(severities);
  const buckets = span?.first == null ? 0 : Math.floor(last / length) - start + 1;
  const arrivals = Array.from({ length: buckets }, (_, index) => ({
    from: (start + index) * length,
    to: (start + index + 1) * length,
    counts: zeros(severities),
  }));
  for (const { status, severity, bucket, incidents } of results) {
    const name = severityOfRank(severity);
    byStatus[status] += incidents;
    bySeverity[name] += incidents;
    const counts = arrivals[bucket - start]?.counts;
    if (counts) counts[name] += incidents;
  }
  return { byStatus, bySeverity, arrivals };
}

/** The shortest round length that keeps the chart within its buckets. */
function bucketLengthMs(first: number, last: number): number {
  const fits = (length: number): boolean =>
    Math.floor(last / length) - Math.floor(first / length) < maxBuckets;
  const known = bucketLengthsMs.find(fits);
  return known ?? Math.ceil((last - first + 1) / (maxBuckets - 1));
}

function zeros<Name extends Severity | IncidentStatus>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
