import { SessileError } from "../protocol/error.ts";
import {
  type ChildReport,
  type ParentLink,
  reporterOf,
  type SentReport,
  type SessionAddress,
} from "../protocol/family.ts";
import type { Json } from "../protocol/json.ts";
import type { Batch } from "./batch.ts";
import { type Sql, textAt } from "./sql.ts";
import { outlivingPrefix, startWork } from "./work.ts";

/** The library's own work: it tells the parent of one event. */
export const reportWork = `${outlivingPrefix}report`;

const expectedPrefix = "child:";

/** A session has one parent. The same one may have moved to another object, by an import. @throws SessileError `conflict` */
export function adopt(batch: Batch, link: ParentLink): void {
  const { parent } = batch.view;
  if (parent && (parent.kind !== link.kind || parent.name !== link.name))
    throw new SessileError("conflict", `This session is a child of ${parent.kind}/${parent.name}.`, {
      current: `${parent.kind}/${parent.name}`,
    });
  if (parent?.objectId !== link.objectId) batch.emitSystem("session.adopted", link);
}

/** @throws SessileError `rejected` */
export function assertAdopted({ view }: Batch): void {
  if (!view.parent)
    throw new SessileError("rejected", "This session has no parent to report to.", { field: "parent" });
}

/** Starts the delivery of the event just written. */
export function startReport(sql: Sql, batch: Batch, seq: number): void {
  startWork(sql, batch, { workId: `${reportWork}:${seq}`, name: reportWork, input: { seq } });
}

export function addChild(sql: Sql, batch: Batch, child: SessionAddress): void {
  if (hasChild(sql, child)) return;
  const { kind, name } = child;
  insertChild(sql, child, batch.emitSystem("session.child_added", { kind, name }));
}

export function insertChild(sql: Sql, { kind, name }: SessionAddress, seq: number): void {
  sql.exec("INSERT INTO _sessile_child VALUES (?, ?, ?)", kind, name, seq);
}

export function removeChild(sql: Sql, batch: Batch, child: SessionAddress): void {
  if (!hasChild(sql, child)) return;
  const { kind, name } = child;
  batch.emitSystem("session.child_removed", { kind, name });
  deleteChild(sql, child);
}

export function deleteChild(sql: Sql, { kind, name }: SessionAddress): void {
  sql.exec("DELETE FROM _sessile_child WHERE kind = ? AND name = ?", kind, name);
}

/** Notes, before it is called for the first time, that the session in this object is to be a child: it may report before its answer is here. */
export function expectChild(sql: Sql, objectId: string): void {
  sql.exec("INSERT OR IGNORE INTO _sessile_meta VALUES (?, '')", expectedPrefix + objectId);
}

/** The child has answered and is listed. */
export function childAnswered(sql: Sql, objectId: string): void {
  sql.exec("DELETE FROM _sessile_meta WHERE key = ?", expectedPrefix + objectId);
}

/** That it is a child only its own log says, so it is believed of those that this session has called. @throws SessileError `forbidden` */
export function takeReport(sql: Sql, batch: Batch, child: SessionAddress, report: SentReport): ChildReport {
  if (!hasChild(sql, child) && !isExpected(sql, reporterOf(report)))
    throw new SessileError("forbidden", "This session has no such child.");
  const { seq, type, payload } = report;
  // First, because it carries the report's id.
  batch.emitSystem("session.child_reported", { ...child, seq, type, payload });
  addChild(sql, batch, child);
  return { child, seq, type, payload };
}

/** In order of kind and name, after `after`. */
export function listChildren(sql: Sql, limit: number, after?: SessionAddress): readonly SessionAddress[] {
  const { kind, name } = after ?? { kind: "", name: "" };
  return sql
    .exec(
      "SELECT kind, name FROM _sessile_child WHERE (kind, name) > (?, ?) ORDER BY kind, name LIMIT ?",
      kind,
      name,
      limit,
    )
    .map((row) => ({ kind: textAt(row, "kind"), name: textAt(row, "name") }));
}

/** The event that report work is about. */
export function reportedSeq(input: Json): number {
  return (input as { readonly seq: number }).seq;
}

function isExpected(sql: Sql, objectId: string): boolean {
  const key = expectedPrefix + objectId;
  return sql.exec("SELECT 1 AS found FROM _sessile_meta WHERE key = ?", key).length > 0;
}

function hasChild(sql: Sql, { kind, name }: SessionAddress): boolean {
  return sql.exec("SELECT 1 AS found FROM _sessile_child WHERE kind = ? AND name = ?", kind, name).length > 0;
}
