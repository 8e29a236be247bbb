import type { SqlValue } from "../kernel/index.ts";
import { textAt } from "../kernel/sql.ts";
import { defaultLimits } from "../protocol/limits.ts";
import type { AgentStatus, JsonObject, SessionState, StoredSessionState } from "../protocol/session-state.ts";
import type { SaveResult, SetResult } from "../protocol/state-store.ts";
import {
  guardedWrite,
  messageCountSql,
  plainWrite,
  type StoreContext,
  type WriteOutcome,
} from "./guarded-write.ts";
import { mergeWarnings } from "./merge-patch.ts";
import { type Operation, statement } from "./operation.ts";
import { stateColumns, stateValues, storedStateOf } from "./state-row.ts";
import {
  assertAgentStatus,
  assertName,
  assertWhole,
  noSession,
  pageOf,
  storedText,
  tooLong,
} from "./store-input.ts";

const columns = stateColumns.join(", ");
const holes = stateColumns.map(() => "?").join(", ");
export const assignments = stateColumns.map((column) => `${column} = ?`).join(", ");
const replaced = stateColumns.map((column) => `${column} = excluded.${column}`).join(", ");
const touched = "version = version + 1, write_id = ?, updated_at = ?";

/** Binds the session, the state, write id, creation and update; then the expected version (-1: any), the session, and that version twice. */
const upsertSql = `INSERT INTO __agents_states (session_id, ${columns}, version, write_id, created_at, updated_at)
  SELECT ?, ${holes}, 1, ?, ?, ?
  WHERE ? IN (-1, 0) OR EXISTS (SELECT 1 FROM __agents_states WHERE session_id = ?)
  ON CONFLICT (session_id) DO UPDATE SET ${replaced}, version = __agents_states.version + 1,
    write_id = excluded.write_id, updated_at = excluded.updated_at
  WHERE ? = -1 OR __agents_states.version = ?`;

const loadSql = `SELECT s.*, ${messageCountSql("s.session_id")} AS message_count FROM __agents_states AS s WHERE session_id = ?`;

/** Sessions and their states. */
export function stateOperations(context: StoreContext) {
  return {
    createSession: (sessionId: string, state: SessionState): Operation<boolean> =>
      mapped(save(context, sessionId, state, 0), ({ ok }) => ok),

    sessionExists: (sessionId: string): Operation<boolean> => ({
      statements: [statement("SELECT 1 AS found FROM __agents_states WHERE session_id = ?", sessionId)],
      read: ([rows = []]) => rows.length > 0,
    }),

    loadState: (sessionId: string): Operation<StoredSessionState | null> => ({
      statements: [statement(loadSql, sessionId)],
      read: ([rows = []]) => (rows[0] ? storedStateOf(rows[0]) : null),
    }),

    saveState(
      sessionId: string,
      state: SessionState,
      options: { readonly expectedVersion?: number } = {},
    ): Operation<SaveResult> {
      if (options.expectedVersion !== undefined) assertWhole("expectedVersion", options.expectedVersion);
      return mapped(save(context, sessionId, state, options.expectedVersion ?? -1), saveResultOf);
    },
  };
}

/** What changes a part of a state. */
export function statusOperations(context: StoreContext) {
  const { now, writeId } = context;
  return {
    compareAndSetStatus(
      sessionId: string,
      expected: readonly AgentStatus[],
      next: AgentStatus,
      options: { readonly error?: string | null; readonly expectedVersion?: number } = {},
    ): Operation<SetResult> {
      assertAgentStatus("next", next);
      const id = writeId();
      const sql = `UPDATE __agents_states SET status = ?, error = CASE WHEN ? = 1 THEN ? ELSE error END, ${touched}
        WHERE session_id = ? AND status IN (SELECT value FROM json_each(?)) AND (? IS NULL OR version = ?)`;
      const version = options.expectedVersion ?? null;
      const values = [next, options.error === undefined ? 0 : 1, options.error ?? null, id, now(), sessionId];
      return guardedWrite(
        sessionId,
        id,
        [statement(sql, ...values, JSON.stringify(expected), version, version)],
        setResultOf,
      );
    },

    updateStatus(sessionId: string, status: AgentStatus): Operation<number> {
      assertAgentStatus("status", status);
      return change(context, sessionId, "status = ?", [status], ({ version }) => version);
    },

    incrementStepCount: (sessionId: string): Operation<number> =>
      change(context, sessionId, "step_count = step_count + 1", [], ({ stepCount }) => stepCount),

    incrementResumeCount: (sessionId: string): Operation<number> =>
      change(context, sessionId, "resume_count = resume_count + 1", [], ({ resumeCount }) => resumeCount),

    mergeCustomState(
      sessionId: string,
      changes: JsonObject,
    ): Operation<{ readonly newVersion: number; readonly warnings: readonly string[] }> {
      const patch = storedText("changes", changes);
      const warnings = mergeWarnings(changes);
      const id = writeId();
      const sql = `UPDATE __agents_states SET custom_state = json_patch(custom_state, ?), ${touched}
        WHERE session_id = ? AND octet_length(json_patch(custom_state, ?)) <= ?`;
      const values = [patch, id, now(), sessionId, patch, defaultLimits.maxRowBytes];
      return guardedWrite(sessionId, id, [statement(sql, ...values)], ({ ok, status, version }) => {
        if (ok) return { newVersion: version, warnings };
        throw status === null ? noSession(sessionId) : tooLong("state.customState");
      });
    },

    expireSessions(at: number, options: { readonly limit?: number } = {}): Operation<readonly string[]> {
      assertWhole("now", at);
      const { limit } = pageOf(options);
      // The context and not the column: that is what the index is on.
      const sql = `UPDATE __agents_states SET status = 'failed', failure_reason = 'expired', pending_client_tool_calls = NULL,
          suspension_context = NULL, expires_at = NULL, ${touched}
        WHERE session_id IN (SELECT session_id FROM __agents_states
          WHERE suspension_context IS NOT NULL AND json_extract(suspension_context, '$.expiresAt') <= ?
          ORDER BY json_extract(suspension_context, '$.expiresAt') LIMIT ?)
        RETURNING session_id`;
      return {
        statements: [statement(sql, writeId(), now(), at, limit)],
        read: ([rows = []]) => rows.map((row) => textAt(row, "session_id")).sort(),
      };
    },
  };
}

/** @param expected a version, or -1 for any */
function save(
  { now, writeId }: StoreContext,
  sessionId: string,
  state: SessionState,
  expected: number,
): Operation<WriteOutcome> {
  assertName("sessionId", sessionId);
  const [id, at] = [writeId(), now()];
  const values: readonly SqlValue[] = [sessionId, ...stateValues(state), id, at, at];
  return guardedWrite(
    sessionId,
    id,
    [statement(upsertSql, ...values, expected, sessionId, expected, expected)],
    (outcome) => outcome,
  );
}

function change<T>(
  { now, writeId }: StoreContext,
  sessionId: string,
  assignment: string,
  values: readonly SqlValue[],
  read: (outcome: WriteOutcome) => T,
): Operation<T> {
  const id = writeId();
  const sql = `UPDATE __agents_states SET ${assignment}, ${touched} WHERE session_id = ?`;
  return plainWrite(sessionId, id, [statement(sql, ...values, id, now(), sessionId)], read);
}

export function saveResultOf(outcome: WriteOutcome, promotedTo: string | null = null): SaveResult {
  const { ok, version, messageCount, status } = outcome;
  return ok
    ? { ok, newVersion: version, messageCount }
    : { ok, currentStatus: status, currentVersion: version, promotedTo };
}

function setResultOf({ ok, version, status }: WriteOutcome): SetResult {
  return ok ? { ok, newVersion: version } : { ok, currentStatus: status, currentVersion: version };
}

function mapped<From, To>(operation: Operation<From>, map: (value: From) => To): Operation<To> {
  return { ...operation, read: (results) => map(operation.read(results)) };
}
