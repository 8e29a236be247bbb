import * as z from "zod/mini";
import { SessileError, safeParse } from "../protocol/index.ts";
import { type ListOrder, listOrders, type RecordedSession } from "./record.ts";
import { compareText, storableText } from "./text.ts";

// In every runtime this library meets (browsers, Workers, Node); declared here because ES2023's own types lack them.
declare const btoa: (binary: string) => string;
declare const atob: (base64: string) => string;

/** A place in a sorted list, between two rows. It names no shard, so one cursor serves any number of them. */
export interface ListPosition {
  readonly order: ListOrder;
  /** The sort key of the last row seen. */
  readonly key: number | string;
  readonly sessionId: string;
}

const maxCursorChars = 8192;

const positionSchema = z.tuple([
  z.literal(1),
  z.enum(listOrders),
  z.union([z.number(), z.string()]),
  z.string().check(z.minLength(1)),
]);

export function encodeCursor(position: ListPosition): string {
  return tokenOf([1, position.order, position.key, position.sessionId]);
}

/** A place in a list as text that says nothing to its reader. */
export function tokenOf(place: readonly (number | string)[]): string {
  const text = JSON.stringify(place);
  const ascii = text.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return btoa(ascii).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @throws SessileError `bad_request` naming `cursor` if it is malformed or belongs to a list of another order */
export function decodeCursor(cursor: string, order: ListOrder): ListPosition {
  const parsed = safeParse(positionSchema, parseToken(cursor));
  if (!parsed.success) throw badCursor("is malformed");
  const [, ofOrder, key, sessionId] = parsed.data;
  if (ofOrder !== order) throw badCursor("belongs to a list in another order");
  if (typeof key !== (columnOf(order) === "searchText" ? "string" : "number"))
    throw badCursor("is malformed");
  return { order, key, sessionId };
}

/** Undefined for what is no token. */
export function parseToken(cursor: string): unknown {
  if (cursor.length > maxCursorChars || !/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined;
  try {
    return JSON.parse(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return undefined;
  }
}

function badCursor(reason: string): SessileError {
  return new SessileError("bad_request", `cursor ${reason}. Begin again without one.`, { field: "cursor" });
}

export type SortColumn = "updatedAt" | "createdAt" | "searchText";

export function columnOf(order: ListOrder): SortColumn {
  const field = order.startsWith("-") ? order.slice(1) : order;
  return field === "title" ? "searchText" : (field as "updatedAt" | "createdAt");
}

export function isDescending(order: ListOrder): boolean {
  return order.startsWith("-");
}

/** What `q` is looked up in and `title` sorts by: title before name, case and compatibility forms folded. */
export function searchTextOf(title: string, name: string): string {
  return foldText(`${title}\n${name}`);
}

export function foldText(text: string): string {
  return storableText(text).normalize("NFKC").toLowerCase();
}

export function positionOf(session: RecordedSession, order: ListOrder): ListPosition {
  const column = columnOf(order);
  const key = column === "searchText" ? searchTextOf(session.title, session.name) : session[column];
  return { order, key, sessionId: session.sessionId };
}

/** The order of two rows in a list: that of the SQL query, so that pages of several shards merge. */
export function comparePositions(left: ListPosition, right: ListPosition): number {
  const byKey =
    typeof left.key === "number" ? left.key - Number(right.key) : compareText(left.key, String(right.key));
  const ascending = byKey === 0 ? compareText(left.sessionId, right.sessionId) : byKey;
  return isDescending(left.order) ? -ascending : ascending;
}
