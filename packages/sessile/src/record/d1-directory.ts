import { type Lifecycle, SessileError, type SessionVisibility, storableText } from "../protocol/index.ts";
import {
  columnOf,
  decodeCursor,
  encodeCursor,
  foldText,
  isDescending,
  positionOf,
  searchTextOf,
} from "./cursor.ts";
import type { D1Queries } from "./d1.ts";
import { gateStatements } from "./d1-gates.ts";
import { isVisible } from "./d1-visibility.ts";
import {
  type DirectoryRow,
  type Facts,
  type ListOptions,
  type ListOrder,
  listOrders,
  type RecordedSession,
  type SessionPage,
  sessionIdOf,
} from "./record.ts";
import { queried } from "./record-error.ts";
import { utf8Bytes } from "./text.ts";

export const defaultListLimit = 20;
export const maxListLimit = 100;
const maxQueryChars = 200;
/** Far below D1's row limit: a list answers a hundred of these. */
export const maxFactsBytes = 16 * 1024;

interface SessionColumns {
  readonly sessionId: string;
  readonly kind: string;
  readonly name: string;
  readonly lifecycle: Lifecycle;
  readonly status: string | null;
  readonly title: string;
  readonly ownerId: string | null;
  readonly lastSeq: number;
  readonly recordedSeq: number;
  readonly epoch: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly facts: string;
  readonly headSeq: number | null;
  readonly headHash: string | null;
  readonly visibility: SessionVisibility | null;
  readonly readerIds: string | null;
}

const columns =
  "sessionId, kind, name, lifecycle, status, title, ownerId, lastSeq, recordedSeq, epoch, createdAt, updatedAt, facts, headSeq, headHash, visibility, readerIds";

/**
 * An older view never replaces a newer one, so a late repeat is harmless. Equal seqs do replace: title and facts are
 * derived by code that may have changed.
 */
const upsertSql = `INSERT INTO sessile_sessions
  (sessionId, kind, name, lifecycle, status, title, searchText, ownerId, lastSeq, epoch, createdAt, updatedAt, facts, visibility, readerIds)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15
  WHERE NOT EXISTS (SELECT 1 FROM sessile_deletions WHERE sessionId = ?1 AND deletedAt >= ?11)
  ON CONFLICT (sessionId) DO UPDATE SET lifecycle = excluded.lifecycle, status = excluded.status, title = excluded.title,
    searchText = excluded.searchText, ownerId = excluded.ownerId, lastSeq = excluded.lastSeq,
    epoch = COALESCE(excluded.epoch, epoch), updatedAt = excluded.updatedAt, facts = excluded.facts,
    visibility = excluded.visibility, readerIds = excluded.readerIds
  WHERE excluded.lastSeq >= lastSeq AND (excluded.epoch IS NULL OR epoch IS NULL OR excluded.epoch >= epoch)`;

/** Writes the row and answers the watermark, in one round trip. */
export async function upsertSession(db: D1Queries, row: DirectoryRow): Promise<number> {
  const sessionId = sessionIdOf(row.kind, row.name);
  const facts = JSON.stringify(row.facts);
  if (utf8Bytes(facts) > maxFactsBytes) {
    throw new SessileError(
      "limit_exceeded",
      `The facts of ${sessionId} are longer than ${maxFactsBytes} bytes.`,
      {
        field: "facts",
        limit: "maxFactsBytes",
      },
    );
  }
  const title = storableText(row.title);
  const upsert = db
    .prepare(upsertSql)
    .bind(
      sessionId,
      row.kind,
      row.name,
      row.lifecycle,
      row.status,
      title,
      searchTextOf(title, row.name),
      row.ownerId === null ? null : storableText(row.ownerId),
      row.lastSeq,
      row.epoch ?? null,
      row.createdAt,
      row.updatedAt,
      facts,
      row.visibility ?? null,
      row.readerIds ? JSON.stringify(row.readerIds) : null,
    );
  const select = db
    .prepare("SELECT recordedSeq, epoch FROM sessile_sessions WHERE sessionId = ?1")
    .bind(sessionId);
  const answers = await queried(() => db.batch<Watermark>([upsert, ...gateStatements(db, row), select]));
  const stored = answers.at(-1)?.results[0];
  if (!stored) throw new SessileError("not_found", `${sessionId} was deleted.`);
  assertEpoch(stored.epoch, row.epoch);
  return stored.recordedSeq;
}

export interface Watermark {
  readonly recordedSeq: number;
  readonly epoch: number | null;
}

/** @throws SessileError `fenced` */
export function assertEpoch(stored: number | null, mine: number | undefined): void {
  if (stored === null || mine === undefined || mine >= stored) return;
  throw new SessileError("fenced", `A writer with epoch ${stored} took over. Stop writing to this session.`, {
    currentVersion: stored,
  });
}

export async function getSession(db: D1Queries, kind: string, name: string): Promise<RecordedSession | null> {
  const select = db
    .prepare(`SELECT ${columns} FROM sessile_sessions WHERE sessionId = ?1`)
    .bind(sessionIdOf(kind, name));
  const { results } = await queried(() => select.all<SessionColumns>());
  return results[0] === undefined ? null : sessionFrom(results[0]);
}

export async function listSessions(db: D1Queries, options: ListOptions): Promise<SessionPage> {
  const { order, limit } = parseListOptions(options);
  const { where, values } = conditionsOf(options, order);
  const direction = isDescending(order) ? "DESC" : "ASC";
  const select = db
    .prepare(
      `SELECT ${columns} FROM sessile_sessions ${where === "" ? "" : `WHERE ${where}`}
        ORDER BY ${columnOf(order)} ${direction}, sessionId ${direction} LIMIT ?`,
    )
    .bind(...values, limit + 1);
  const { results } = await queried(() => select.all<SessionColumns>());
  return pageOf(results.slice(0, limit).map(sessionFrom), results.length > limit, order);
}

/** @throws SessileError `bad_request` naming the field */
export function parseListOptions(options: ListOptions): {
  readonly order: ListOrder;
  readonly limit: number;
} {
  const { order = "-updatedAt", limit = defaultListLimit, q = "", cursor } = options;
  if (!listOrders.includes(order)) {
    throw new SessileError("bad_request", `order is one of ${listOrders.join(", ")}.`, { field: "order" });
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > maxListLimit) {
    throw new SessileError("bad_request", `limit is a whole number from 1 to ${maxListLimit}.`, {
      field: "limit",
    });
  }
  if (q.length > maxQueryChars) {
    throw new SessileError("bad_request", `q is at most ${maxQueryChars} characters.`, { field: "q" });
  }
  if (cursor !== undefined) decodeCursor(cursor, order);
  return { order, limit };
}

export function pageOf(items: readonly RecordedSession[], hasMore: boolean, order: ListOrder): SessionPage {
  const last = items.at(-1);
  const nextCursor = hasMore && last !== undefined ? encodeCursor(positionOf(last, order)) : null;
  return { items, nextCursor, hasMore: nextCursor !== null };
}

/** `instr` and not LIKE, whose patterns D1 cuts off at 50 bytes and whose wildcards people type by accident. */
function conditionsOf(
  options: ListOptions,
  order: ListOrder,
): { where: string; values: (string | number)[] } {
  const clauses: string[] = [];
  const values: (string | number)[] = [];
  for (const column of ["kind", "status", "lifecycle"] as const) {
    const value = options[column];
    if (value === undefined) continue;
    clauses.push(`${column} = ?`);
    values.push(value);
  }
  if (options.visibleTo !== undefined) {
    clauses.push(isVisible);
    values.push(options.visibleTo ?? "");
  }
  const words = foldText(options.q ?? "")
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length > 0) {
    clauses.push("NOT EXISTS (SELECT 1 FROM json_each(?) AS word WHERE instr(searchText, word.value) = 0)");
    values.push(JSON.stringify(words));
  }
  if (options.cursor !== undefined) {
    const position = decodeCursor(options.cursor, order);
    clauses.push(`(${columnOf(order)}, sessionId) ${isDescending(order) ? "<" : ">"} (?, ?)`);
    values.push(position.key, position.sessionId);
  }
  return { where: clauses.join(" AND "), values };
}

function sessionFrom(row: SessionColumns): RecordedSession {
  const { epoch, facts, headSeq, headHash, visibility, readerIds, ...rest } = row;
  return {
    ...rest,
    facts: JSON.parse(facts) as Facts,
    ...(visibility === null ? {} : { visibility, readerIds: JSON.parse(readerIds ?? "[]") as string[] }),
    ...(epoch === null ? {} : { epoch }),
    ...(headSeq === null || headHash === null ? {} : { head: { seq: headSeq, hash: headHash } }),
  };
}
