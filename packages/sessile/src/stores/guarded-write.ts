import { numberAt, textAt } from "../kernel/sql.ts";
import type { AgentStatus } from "../protocol/session-state.ts";
import { type Operation, type Rows, type Statement, statement } from "./operation.ts";
import { noSession } from "./store-input.ts";

/** What operations take from outside. */
export interface StoreContext {
  /** Milliseconds since 1970. */
  now(): number;
  /** Never the same twice. */
  writeId(): string;
}

/** The conversation's length; sequences have no gaps. */
export const messageCountSql = (sessionId: string): string =>
  `(SELECT coalesce(max(sequence) + 1, 0) FROM __agents_messages WHERE session_id = ${sessionId})`;

/** True in the statements after a write that took place, and in none after one that did not. */
export const isMineSql = "EXISTS (SELECT 1 FROM __agents_states WHERE session_id = ? AND write_id = ?)";

/** How a session stands after a write to it. */
export interface WriteOutcome {
  /** The write's condition held. */
  readonly ok: boolean;
  readonly status: AgentStatus | null;
  readonly version: number;
  readonly messageCount: number;
  readonly stepCount: number;
  readonly resumeCount: number;
}

const missing: WriteOutcome = {
  ok: false,
  status: null,
  version: 0,
  messageCount: 0,
  stepCount: 0,
  resumeCount: 0,
};

/**
 * A write whose first statement leaves `writeId` in the session's row, if its condition holds. The others are to ask `isMineSql`.
 * D1 cannot branch inside a transaction; this is how a batch depends on its own first statement, and how a write whose answer was
 * lost is known again.
 */
export function guardedWrite<T>(
  sessionId: string,
  writeId: string,
  statements: readonly Statement[],
  read: (outcome: WriteOutcome) => T,
): Operation<T> {
  const outcome = statement(
    `SELECT write_id, status, version, step_count, resume_count, ${messageCountSql("s.session_id")} AS message_count
      FROM __agents_states AS s WHERE session_id = ?`,
    sessionId,
  );
  const isMine = (rows: Rows): boolean => rows[0]?.write_id === writeId;
  return {
    statements: [...statements, outcome],
    isCarriedOut: isMine,
    read: (results) => {
      const rows = results.at(-1) ?? [];
      return read(outcomeOf(rows, isMine(rows)));
    },
  };
}

/** A write without a condition: the session need only be there. @throws SessileError `not_found` */
export function plainWrite<T>(
  sessionId: string,
  writeId: string,
  statements: readonly Statement[],
  read: (outcome: WriteOutcome) => T,
): Operation<T> {
  return guardedWrite(sessionId, writeId, statements, (outcome) => {
    if (!outcome.ok) throw noSession(sessionId);
    return read(outcome);
  });
}

function outcomeOf(rows: Rows, ok: boolean): WriteOutcome {
  const [row] = rows;
  if (!row) return missing;
  return {
    ok,
    status: textAt(row, "status") as AgentStatus,
    version: numberAt(row, "version"),
    messageCount: numberAt(row, "message_count"),
    stepCount: numberAt(row, "step_count"),
    resumeCount: numberAt(row, "resume_count"),
  };
}
