import { numberAt, numberOrNullAt, textAt, textOrNullAt } from "../kernel/sql.ts";
import type { AgentStatus, JsonObject } from "../protocol/session-state.ts";
import type { InterruptFlag, SubSessionMode, SubSessionRef } from "../protocol/state-store.ts";
import type { StoreContext } from "./guarded-write.ts";
import { type Operation, type Rows, rowIn, statement } from "./operation.ts";
import { jsonAt } from "./state-row.ts";
import { assertAgentStatus, assertName, noSession, storedText } from "./store-input.ts";

const hasSessionSql = "EXISTS (SELECT 1 FROM __agents_states WHERE session_id = ?)";

/** The sessions that a session has started. */
export function subSessionOperations({ now }: Pick<StoreContext, "now">) {
  return {
    addSubSessionRef(
      sessionId: string,
      ref: Omit<SubSessionRef, "startedAt" | "completedAt">,
    ): Operation<boolean> {
      assertName("subSessionId", ref.subSessionId);
      assertAgentStatus("status", ref.status);
      const sql = `INSERT INTO __agents_sub_session_refs
          (session_id, sub_session_id, agent_type, parent_tool_call_id, status, remote_json, mode, name, started_at)
        SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${hasSessionSql} ON CONFLICT (session_id, sub_session_id) DO NOTHING
        RETURNING sub_session_id`;
      return {
        statements: [
          statement(
            sql,
            sessionId,
            ref.subSessionId,
            ref.agentType,
            ref.parentToolCallId,
            ref.status,
            ref.remote === null ? null : storedText("remote", ref.remote),
            ref.mode,
            ref.name,
            now(),
            sessionId,
          ),
          statement(`SELECT ${hasSessionSql} AS found`, sessionId),
        ],
        read(results) {
          if (rowIn(results, 1)?.found !== 1) throw noSession(sessionId);
          return rowIn(results, 0) !== undefined;
        },
      };
    },

    updateSubSessionRef(sessionId: string, subSessionId: string, status: AgentStatus): Operation<boolean> {
      assertAgentStatus("status", status);
      const sql = `UPDATE __agents_sub_session_refs SET status = ?,
          completed_at = CASE WHEN ? IN ('completed', 'failed') THEN coalesce(completed_at, ?) END
        WHERE session_id = ? AND sub_session_id = ? RETURNING sub_session_id`;
      return {
        statements: [statement(sql, status, status, now(), sessionId, subSessionId)],
        read: ([rows = []]) => rows.length > 0,
      };
    },

    getSubSessionRefs: (sessionId: string): Operation<readonly SubSessionRef[]> => ({
      statements: [
        statement(
          "SELECT * FROM __agents_sub_session_refs WHERE session_id = ? ORDER BY started_at, sub_session_id",
          sessionId,
        ),
      ],
      read: ([rows = []]) => rows.map(refOf),
    }),
  };
}

/** What a session was told from outside, for its run to find. */
export function interruptOperations({ now }: Pick<StoreContext, "now">) {
  return {
    setInterruptFlag(sessionId: string, reason: string): Operation<void> {
      assertName("reason", reason);
      return {
        statements: [
          statement(
            `INSERT INTO __agents_interrupt_flags (session_id, interrupted, reason, timestamp)
              SELECT ?, 1, ?, ? WHERE ${hasSessionSql}
              ON CONFLICT (session_id) DO UPDATE SET interrupted = 1, reason = excluded.reason, timestamp = excluded.timestamp`,
            sessionId,
            reason,
            now(),
            sessionId,
          ),
          statement(`SELECT ${hasSessionSql} AS found`, sessionId),
        ],
        read(results) {
          if (rowIn(results, 1)?.found !== 1) throw noSession(sessionId);
        },
      };
    },

    checkInterruptFlag: (sessionId: string): Operation<InterruptFlag | null> => ({
      statements: [
        statement(
          "SELECT reason, timestamp FROM __agents_interrupt_flags WHERE session_id = ? AND interrupted = 1",
          sessionId,
        ),
      ],
      read(results) {
        const row = rowIn(results, 0);
        if (!row) return null;
        return {
          reason: textOrNullAt(row, "reason") ?? "",
          timestamp: numberOrNullAt(row, "timestamp") ?? 0,
        };
      },
    }),

    clearInterruptFlag: (sessionId: string): Operation<boolean> => ({
      statements: [
        statement(
          "DELETE FROM __agents_interrupt_flags WHERE session_id = ? RETURNING interrupted",
          sessionId,
        ),
      ],
      read: (results) => rowIn(results, 0)?.interrupted === 1,
    }),
  };
}

function refOf(row: Rows[number]): SubSessionRef {
  return {
    subSessionId: textAt(row, "sub_session_id"),
    agentType: textAt(row, "agent_type"),
    parentToolCallId: textAt(row, "parent_tool_call_id"),
    status: textAt(row, "status") as AgentStatus,
    remote: jsonAt(row, "remote_json") as JsonObject | null,
    mode: (textOrNullAt(row, "mode") ?? "ephemeral") as SubSessionMode,
    name: textOrNullAt(row, "name"),
    startedAt: numberAt(row, "started_at"),
    completedAt: numberOrNullAt(row, "completed_at"),
  };
}
