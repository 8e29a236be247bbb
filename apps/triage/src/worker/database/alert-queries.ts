import { SessileError } from "sessile";
import type { AlertPage, AlertRow } from "../../contract/api.ts";
import { severityOfRank } from "../../domain/index.ts";
import { decodeCursor, encodeCursor } from "./page-cursor.ts";
import type { PageRequest } from "./page-request.ts";

interface Columns {
  readonly id: number;
  readonly hash: string;
  readonly at: number;
  readonly kind: "alert" | "telemetry";
  readonly source: string;
  readonly event: string;
  readonly signature: string | null;
  readonly severity: number;
  readonly src: string | null;
  readonly dest: string | null;
  readonly host: string | null;
  readonly user: string | null;
}

const columns = "id, hash, at, kind, source, event, signature, severity, src, dest, host, user";

/** An incident's alerts in order of time. */
export async function listAlerts(db: D1Database, incident: string, page: PageRequest): Promise<AlertPage> {
  const position =
    page.cursor === undefined ? [] : decodeCursor(page.cursor, "at", ["number", "number"]).slice(1);
  const after = position.length === 0 ? "" : "AND (at, id) > (?, ?)";
  const [rows, count] = await db.batch<Columns & { total: number }>([
    db
      .prepare(`SELECT ${columns} FROM alerts WHERE incident = ? ${after} ORDER BY at, id LIMIT ?`)
      .bind(incident, ...position, page.limit + 1),
    db.prepare("SELECT alerts AS total FROM incidents WHERE name = ?").bind(incident),
  ]);
  return pageOf(rows?.results ?? [], page.limit, count?.results[0]?.total);
}

/** The telemetry filed under any of these keys, in order of time. */
export async function listTelemetry(
  db: D1Database,
  keys: readonly string[],
  page: PageRequest,
): Promise<AlertPage> {
  const position =
    page.cursor === undefined ? [] : decodeCursor(page.cursor, "at", ["number", "number"]).slice(1);
  const after = position.length === 0 ? "" : "AND (at, id) > (?, ?)";
  const among = "telemetry_key IN (SELECT value FROM json_each(?))";
  const [rows, count] = await db.batch<Columns & { total: number }>([
    db
      .prepare(`SELECT ${columns} FROM alerts WHERE ${among} ${after} ORDER BY at, id LIMIT ?`)
      .bind(JSON.stringify(keys), ...position, page.limit + 1),
    db.prepare(`SELECT count(*) AS total FROM alerts WHERE ${among}`).bind(JSON.stringify(keys)),
  ]);
  return pageOf(rows?.results ?? [], page.limit, count?.results[0]?.total);
}

function pageOf(found: readonly Columns[], limit: number, total: number | undefined): AlertPage {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = found.length > limit;
  return {
    items: shown.map(lineOf),
    nextCursor: hasMore && last ? encodeCursor(["at", last.at, last.id]) : null,
    hasMore,
    total: total ?? 0,
  };
}

function lineOf({ id: _id, severity, ...row }: Columns & { total?: number }): AlertRow {
  return { ...row, severity: severityOfRank(severity) };
}

/**
 * @returns a `RawAlert` as JSON, the record's own text in it: parsed and written again, its long numbers would be other ones
 * @throws SessileError `not_found`
 */
export async function readRawAlert(db: D1Database, hash: string): Promise<string> {
  const raw = await db.prepare("SELECT raw FROM alerts WHERE hash = ?1").bind(hash).first<string>("raw");
  if (raw === null)
    throw new SessileError("not_found", "There is no alert with this hash.", { field: "hash" });
  return `{"hash":${JSON.stringify(hash)},"raw":${raw}}`;
}

/** The actors of a few alerts suffice to find what was recorded around them. */
export async function sampleRawAlerts(
  db: D1Database,
  incident: string,
  limit: number,
): Promise<readonly { readonly hash: string; readonly raw: string }[]> {
  const { results } = await db
    .prepare("SELECT hash, raw FROM alerts WHERE incident = ?1 ORDER BY at, id LIMIT ?2")
    .bind(incident, limit)
    .all<{ hash: string; raw: string }>();
  return results;
}

/** One stored record on its way into a session. */
export interface StoredAlert {
  readonly id: number;
  readonly hash: string;
  readonly raw: string;
}

const maxPageChars = 2_000_000;

/** Records of `among` in the order they came, as many as fit into a page, and at least one if there is one. */
const pageSql = (among: string): string =>
  `SELECT id, hash, raw FROM (
     SELECT id, hash, raw, sum(length(raw)) OVER (ORDER BY id) - length(raw) AS before
     FROM (SELECT id, hash, raw FROM alerts WHERE ${among} AND id > ?2 ORDER BY id LIMIT ?3)
   ) WHERE before < ${maxPageChars} ORDER BY id`;

/** Alerts of an incident that came after `afterId`. An empty page is the end. */
export async function alertsAfter(
  db: D1Database,
  incident: string,
  afterId: number,
  limit: number,
): Promise<readonly StoredAlert[]> {
  const { results } = await db
    .prepare(pageSql("incident = ?1"))
    .bind(incident, afterId, limit)
    .all<StoredAlert>();
  return results;
}

/** Telemetry filed under any of these keys that came after `afterId`. An empty page is the end. */
export async function telemetryAfter(
  db: D1Database,
  keys: readonly string[],
  afterId: number,
  limit: number,
): Promise<readonly StoredAlert[]> {
  const { results } = await db
    .prepare(pageSql("telemetry_key IN (SELECT value FROM json_each(?1))"))
    .bind(JSON.stringify(keys), afterId, limit)
    .all<StoredAlert>();
  return results;
}
