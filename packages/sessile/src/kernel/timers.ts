import { SessileError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import type { Batch } from "./batch.ts";
import type { DueTable, DueTimer } from "./due-table.ts";

export interface TimerRequest {
  /** Setting an id again moves the timer. Default: `t{seq}`. */
  readonly timerId?: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  readonly input?: Json;
}

export function setTimer(due: DueTable, batch: Batch, request: TimerRequest): string {
  const timerId = request.timerId ?? `t${batch.lastSeq + 1}`;
  if (timerId.includes(":") || request.name === "") {
    throw new SessileError("bad_request", "A timer has a name, and its id contains no colon.", {
      field: "timerId",
    });
  }
  const input = request.input ?? null;
  batch.emitSystem("timer.set", { timerId, name: request.name, dueAt: request.dueAt, input });
  due.put(timerId, request.dueAt, request.name, input);
  return timerId;
}

/** @returns false if there was no such timer. The library's own due work, whose ids have a colon, is none. */
export function cancelTimer(due: DueTable, batch: Batch, timerId: string): boolean {
  if (timerId.includes(":") || due.dueAt(timerId) === null) return false;
  batch.emitSystem("timer.cancelled", { timerId });
  due.drop(timerId);
  return true;
}

/** Ends a timer whose handler has run; false if it was cancelled or moved meanwhile. */
export function fireTimer(due: DueTable, batch: Batch, timer: DueTimer): boolean {
  if (due.dueAt(timer.timerId) !== timer.dueAt) return false;
  batch.emitSystem("timer.fired", { timerId: timer.timerId, name: timer.name });
  due.drop(timer.timerId);
  return true;
}
