import type { Action } from "../protocol/access.ts";
import type { Outcome } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import type { GateOrigin } from "../protocol/gate.ts";
import type { Json } from "../protocol/json.ts";
import type { SessionView } from "../protocol/view.ts";
import type { FoundEvent, StoredCommit } from "./log.ts";
import type { Writer } from "./writer.ts";

/** One command on its way into a commit. */
export interface Task {
  /** Client event id, for exactly-once; absent for the session's own writes. */
  readonly id: string | undefined;
  readonly actor: Actor | null;
  /** What it came over; absent: the session's own code. */
  readonly origin?: GateOrigin | undefined;
  /** What the worker's authorizer lets its actor do; absent: everything. */
  readonly rights?: readonly Action[] | undefined;
  /** True if it throws only before its first write, so that a refusal needs no undoing. Never true for the kind's own code. */
  readonly refusesFirst: boolean;
  /** False if all it changes is the log and the view. */
  readonly touchesTables: boolean;
  run(writer: Writer): Json | undefined;
  /** Throws unless the event that carries the id is what this task would have written. Absent: it always is. */
  assertRepeats?(earlier: FoundEvent): void;
}

export interface Transaction {
  /** In the order of the tasks. */
  readonly outcomes: readonly Outcome[];
  /** Null if nothing was written. */
  readonly stored: StoredCommit | null;
  readonly before: SessionView;
  readonly after: SessionView;
}

/** Aborts an optimistic transaction; which task failed, and how, is found out by the isolated one. */
export class TaskFailure extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super("A task failed");
    this.reason = reason;
  }
}

export function refused(reason: unknown, view: SessionView): Transaction {
  return {
    outcomes: [{ ok: false, error: SessileError.from(reason) }],
    stored: null,
    before: view,
    after: view,
  };
}
