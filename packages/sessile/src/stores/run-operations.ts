import type { SqlValue } from "../kernel/index.ts";
import { numberAt, numberOrNullAt, textAt } from "../kernel/sql.ts";
import { SessileError } from "../protocol/index.ts";
import type { RunStatus } from "../protocol/session-state.ts";
import type { Run, RunChange } from "../protocol/state-store.ts";
import type { StoreContext } from "./guarded-write.ts";
import { type Operation, type Rows, rowIn, statement } from "./operation.ts";
import { jsonAt } from "./state-row.ts";
import { assertName, assertRunStatus, assertWhole, noSession, pageOf, storedText } from "./store-input.ts";

const runSql = "SELECT * FROM __agents_runs WHERE session_id = ? AND run_id = ?";

export function runOperations({ now }: Pick<StoreContext, "now">) {
  return {
    createRun(
      sessionId: string,
      { runId, startSequence = 0 }: { readonly runId: string; readonly startSequence?: number },
    ): Operation<Run> {
      assertName("runId", runId);
      assertWhole("startSequence", startSequence);
      return {
        statements: [
          statement(
            `INSERT INTO __agents_runs (run_id, session_id, turn, status, start_sequence, started_at)
              SELECT ?, ?, (SELECT coalesce(max(turn), 0) + 1 FROM __agents_runs WHERE session_id = ?), 'running', ?, ?
              WHERE EXISTS (SELECT 1 FROM __agents_states WHERE session_id = ?) ON CONFLICT DO NOTHING`,
            runId,
            sessionId,
            sessionId,
            startSequence,
            now(),
            sessionId,
          ),
          statement(runSql, sessionId, runId),
          statement("SELECT session_id FROM __agents_runs WHERE run_id = ?", runId),
        ],
        read(results) {
          const row = rowIn(results, 1);
          if (row) return runOf(row);
          if (!rowIn(results, 2)) throw noSession(sessionId);
          throw new SessileError("conflict", `Run ${runId} belongs to another session.`, { field: "runId" });
        },
      };
    },

    updateRun(
      sessionId: string,
      runId: string,
      change: RunChange,
      options: { readonly expected?: readonly RunStatus[] } = {},
    ): Operation<{ readonly ok: boolean; readonly run: Run | null }> {
      const { sql, values } = runAssignments(change, now());
      const expected = options.expected === undefined ? null : JSON.stringify(options.expected);
      return {
        statements: [
          statement(
            `UPDATE __agents_runs SET ${sql} WHERE session_id = ? AND run_id = ?
              AND (? IS NULL OR status IN (SELECT value FROM json_each(?))) RETURNING run_id`,
            ...values,
            sessionId,
            runId,
            expected,
            expected,
          ),
          statement(runSql, sessionId, runId),
        ],
        read: (results) => ({ ok: rowIn(results, 0) !== undefined, run: runIn(results, 1) }),
      };
    },

    getCurrentRun: (sessionId: string): Operation<Run | null> => ({
      statements: [
        statement("SELECT * FROM __agents_runs WHERE session_id = ? ORDER BY turn DESC LIMIT 1", sessionId),
      ],
      read: (results) => runIn(results, 0),
    }),

    listRuns(
      sessionId: string,
      options: { readonly offset?: number; readonly limit?: number } = {},
    ): Operation<readonly Run[]> {
      const { offset, limit } = pageOf(options);
      const sql = "SELECT * FROM __agents_runs WHERE session_id = ? ORDER BY turn DESC LIMIT ? OFFSET ?";
      return {
        statements: [statement(sql, sessionId, limit, offset)],
        read: ([rows = []]) => rows.map(runOf),
      };
    },
  };
}

/** What a change sets; one that ends a run says when. */
export function runAssignments(
  { status, stepCount, outcome }: RunChange,
  at: number,
): { readonly sql: string; readonly values: readonly SqlValue[] } {
  if (status !== undefined) assertRunStatus("run.status", status);
  if (stepCount !== undefined) assertWhole("run.stepCount", stepCount);
  return {
    sql: `status = coalesce(?, status), step_count = coalesce(?, step_count), outcome = coalesce(?, outcome),
      completed_at = CASE coalesce(?, status) WHEN 'running' THEN NULL ELSE coalesce(completed_at, ?) END`,
    values: [
      status ?? null,
      stepCount ?? null,
      outcome === undefined ? null : storedText("run.outcome", outcome),
      status ?? null,
      at,
    ],
  };
}

function runIn(results: readonly Rows[], index: number): Run | null {
  const row = rowIn(results, index);
  return row ? runOf(row) : null;
}

function runOf(row: Rows[number]): Run {
  return {
    runId: textAt(row, "run_id"),
    sessionId: textAt(row, "session_id"),
    turn: numberAt(row, "turn"),
    status: textAt(row, "status") as RunStatus,
    stepCount: numberAt(row, "step_count"),
    startSequence: numberAt(row, "start_sequence"),
    outcome: jsonAt(row, "outcome"),
    startedAt: numberAt(row, "started_at"),
    completedAt: numberOrNullAt(row, "completed_at"),
  };
}
