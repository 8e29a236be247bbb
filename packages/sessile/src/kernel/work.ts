import { SessileError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import type { Batch } from "./batch.ts";
import { type Sql, textAt } from "./sql.ts";

/** Work that must go on after a crash: its finished steps are a journal, and a step that is in it never runs again. */
export interface WorkRecord {
  readonly workId: string;
  readonly name: string;
  readonly input: Json;
}

/** Work that tells other sessions of this one: that it has ended they are told all the same. */
export const outlivingPrefix = "sessile.";

/** Starts work; a known id starts nothing. */
export function startWork(sql: Sql, batch: Batch, work: WorkRecord): boolean {
  if (sql.exec("SELECT 1 AS found FROM _sessile_work WHERE work_id = ?", work.workId).length > 0)
    return false;
  batch.emitSystem("work.started", { workId: work.workId, name: work.name, input: work.input });
  insertWork(sql, work);
  return true;
}

export function insertWork(sql: Sql, work: WorkRecord): void {
  sql.exec(
    "INSERT INTO _sessile_work VALUES (?, ?, ?, 'running', NULL)",
    work.workId,
    work.name,
    JSON.stringify(work.input),
  );
}

/** Journals a finished step. @returns false if it was in the journal before: the first result stands */
export function completeStep(sql: Sql, batch: Batch, workId: string, step: string, result: Json): boolean {
  assertRunning(batch, workId);
  if (readStep(sql, workId, step)) return false;
  batch.emitSystem("step.completed", { workId, step, result });
  insertStep(sql, workId, step, result);
  return true;
}

export function insertStep(sql: Sql, workId: string, step: string, result: Json): void {
  sql.exec("INSERT INTO _sessile_step VALUES (?, ?, ?)", workId, step, JSON.stringify(result));
}

export function failStep(batch: Batch, workId: string, step: string, attempt: number, message: string): void {
  assertRunning(batch, workId);
  batch.emitSystem("step.failed", { workId, step, attempt, message });
}

export function completeWork(sql: Sql, batch: Batch, workId: string, result: Json): void {
  assertRunning(batch, workId);
  batch.emitSystem("work.completed", { workId, result });
  endWork(sql, workId, "completed", result);
}

export function failWork(sql: Sql, batch: Batch, workId: string, message: string): void {
  assertRunning(batch, workId);
  batch.emitSystem("work.failed", { workId, message });
  endWork(sql, workId, "failed", { message });
}

export function endWork(sql: Sql, workId: string, status: "completed" | "failed", result: Json): void {
  sql.exec(
    "UPDATE _sessile_work SET status = ?, result = ? WHERE work_id = ?",
    status,
    JSON.stringify(result),
    workId,
  );
}

export function readStep(sql: Sql, workId: string, step: string): { readonly result: Json } | null {
  const row = sql.exec("SELECT result FROM _sessile_step WHERE work_id = ? AND step = ?", workId, step)[0];
  return row ? { result: JSON.parse(textAt(row, "result")) as Json } : null;
}

/** Work that has not ended, by its id: the view knows which there is, and the table also keeps all that has ended. */
export function runningWork(sql: Sql, workId: string): WorkRecord | null {
  const row = sql.exec(
    "SELECT name, input FROM _sessile_work WHERE work_id = ? AND status = 'running'",
    workId,
  )[0];
  return row ? { workId, name: textAt(row, "name"), input: JSON.parse(textAt(row, "input")) as Json } : null;
}

function assertRunning(batch: Batch, workId: string): void {
  if (!Object.hasOwn(batch.view.work, workId)) {
    throw new SessileError("not_writable", "This work has ended, so its steps can no longer be recorded.", {
      field: "workId",
    });
  }
}
