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
  severityRank,
} from "../../domain/index.ts";
import { decodeCursor, encodeCursor } from "./page-cursor.ts";
import type { PageRequest } from "./page-request.ts";
import { conditionsOf, type QueueFilter, statuses, whereOf } from "./queue-filter.ts";

type KeyColumn = "severity" | "last_at" | "alerts" | "updated_at" | "search" | "name";

/**
 * Columns of each order, `-` for descending; `name` makes it total. Rows are scanned by name, so a name in ascending order
 * lets the sorter drop most ties at once; the default order has an index instead.
 */
const sorts = {
  "-severity": ["-severity", "-last_at", "-name"],
  "-lastAt": ["-last_at", "name"],
  lastAt: ["last_at", "name"],
  "-alerts": ["-alerts", "name"],
  "-updatedAt": ["-updated_at", "name"],
  title: ["search", "name"],
} as const satisfies Record<string, readonly `${"" | "-"}${KeyColumn}`[]>;
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
  const keys = sorts[sort].map(parseKey);
  const matching = conditionsOf(filter);
  const after = page.cursor === undefined ? null : positionAfter(keys, sort, page.cursor);
  const where = whereOf(after ? [...matching.clauses, after.clause] : matching.clauses);
  // The plus keeps the outer query, which sorts one page, off the index.
  const sorted = keys.map(({ column, direction }) => `+${column} ${direction}`).join(", ");
  // A search reads the rows anyway, and following an index to each of them takes four times as long (100 ms for 50,000).
  const order =
    filter.words.length > 0
      ? sorted
      : keys.map(({ column, direction }) => `${column} ${direction}`).join(", ");
  const [rows, count] = await db.batch<Columns & { total: number }>([
    db
      .prepare(
        `SELECT ${columns} FROM incidents
          WHERE name IN (SELECT name FROM incidents ${where} ORDER BY ${order} LIMIT ?) ORDER BY ${sorted}`,
      )
      .bind(...matching.values, ...(after?.values ?? []), page.limit + 1),
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
    nextCursor: hasMore && last ? encodeCursor([sort, ...keys.map(({ column }) => last[column])]) : null,
    hasMore,
    total: count?.results[0]?.total ?? 0,
  };
}

interface SortKey {
  readonly column: KeyColumn;
  readonly direction: "ASC" | "DESC";
}

function parseKey(key: `${"" | "-"}${KeyColumn}`): SortKey {
  if (!key.startsWith("-")) return { column: key as KeyColumn, direction: "ASC" };
  return { column: key.slice(1) as KeyColumn, direction: "DESC" };
}

/** The rows behind a cursor. @throws SessileError `bad_request` */
function positionAfter(
  keys: readonly SortKey[],
  sort: QueueSort,
  cursor: string,
): { readonly clause: string; readonly values: readonly (string | number)[] } {
  const types = keys.map(({ column }) => (column === "name" || column === "search" ? "string" : "number"));
  const [, ...values] = decodeCursor(cursor, sort, types);
  const compare = ({ direction }: SortKey): string => (direction === "DESC" ? "<" : ">");
  const [first, ...rest] = keys as [SortKey, ...SortKey[]];
  if (rest.every(({ direction }) => direction === first.direction)) {
    const columns = keys.map(({ column }) => column).join(", ");
    return { clause: `(${columns}) ${compare(first)} (${keys.map(() => "?").join(", ")})`, values };
  }
  const [second] = rest as [SortKey];
  const [value, tie] = values as [string | number, string | number];
  const clause = `(${first.column} ${compare(first)} ? OR (${first.column} = ? AND ${second.column} ${compare(second)} ?))`;
  return { clause, values: [value, value, tie] };
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

interface Totals {
  readonly first: number | null;
  readonly last: number | null;
  readonly [count: string]: number | null;
}

/** Counters and chart of the incidents that match. */
export async function summariseQueue(db: D1Database, filter: QueueFilter): Promise<QueueSummary> {
  const { clauses, values } = conditionsOf(filter);
  const sums = [
    ...statuses.map((status) => `sum(status = '${status}') AS ${status}`),
    ...severities.map((severity) => `sum(severity = ${severityRank(severity)}) AS ${severity}`),
  ];
  const totals = await db
    .prepare(
      `SELECT min(last_at) AS first, max(last_at) AS last, ${sums.join(", ")} FROM incidents ${whereOf(clauses)}`,
    )
    .bind(...values)
    .first<Totals>();
  return {
    byStatus: counts(statuses, totals),
    bySeverity: counts(severities, totals),
    arrivals:
      totals?.first == null ? [] : await arrivalsOf(db, filter, totals.first, totals.last ?? totals.first),
  };
}

/** Counts ranges of the index and sorts nothing, except for a search, whose matches are few and have to be read anyway. */
async function arrivalsOf(
  db: D1Database,
  filter: QueueFilter,
  first: number,
  last: number,
): Promise<QueueSummary["arrivals"]> {
  const length = bucketLengthMs(first, last);
  const start = Math.floor(first / length);
  const buckets = Math.floor(last / length) - start + 1;
  const arrivals = Array.from({ length: buckets }, (_, index) => ({
    from: (start + index) * length,
    to: (start + index + 1) * length,
    counts: counts(severities, null),
  }));
  const { clauses, values } = conditionsOf(filter);
  // D1 binds every number as a REAL, by which nothing is divided into whole buckets.
  const statement =
    filter.words.length > 0
      ? db
          .prepare(
            `SELECT +severity AS severity, CAST(last_at / ? AS INTEGER) AS bucket, count(*) AS incidents FROM incidents ${whereOf(clauses)} GROUP BY +severity, 2`,
          )
          .bind(length, ...values)
      : db
          .prepare(
            `SELECT rank.value AS severity, bucket.value AS bucket, (
                SELECT count(*) FROM incidents ${whereOf([...clauses, "severity = rank.value", "last_at >= bucket.value * ?", "last_at < (bucket.value + 1) * ?"])}
              ) AS incidents
              FROM json_each('[1,2,3,4]') AS rank, json_each(?) AS bucket`,
          )
          .bind(...values, length, length, JSON.stringify(arrivals.map((_, index) => start + index)));
  const { results } = await statement.all<{ severity: number; bucket: number; incidents: number }>();
  for (const { severity, bucket, incidents } of results) {
    const arrival = arrivals[bucket - start];
    if (arrival) arrival.counts[severityOfRank(severity)] += incidents;
  }
  return arrivals;
}

function counts<Name extends Severity | IncidentStatus>(
  names: readonly Name[],
  totals: Totals | null,
): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, totals?.[name] ?? 0])) as Record<Name, number>;
}

/** The shortest round length that keeps the chart within its buckets. */
function bucketLengthMs(first: number, last: number): number {
  const fits = (length: number): boolean =>
    Math.floor(last / length) - Math.floor(first / length) < maxBuckets;
  const known = bucketLengthsMs.find(fits);
  return known ?? Math.ceil((last - first + 1) / (maxBuckets - 1));
}
