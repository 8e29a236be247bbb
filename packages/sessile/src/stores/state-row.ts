import type { SqlRow, SqlValue } from "../kernel/index.ts";
import { numberAt, numberOrNullAt, textAt, textOrNullAt } from "../kernel/sql.ts";
import type { Json } from "../protocol/index.ts";
import {
  type AgentStatus,
  initialSessionState,
  type JsonObject,
  type SessionState,
  type StoredSessionState,
} from "../protocol/session-state.ts";
import { utf8Bytes } from "../record/text.ts";
import { assertRowBytes, assertState, storedText } from "./store-input.ts";

/** The columns of a state that a save replaces, in the order of `stateValues`. */
export const stateColumns = [
  "agent_type",
  "stream_id",
  "parent_session_id",
  "root_session_id",
  "status",
  "step_count",
  "resume_count",
  "output",
  "error",
  "failure_reason",
  "aborted",
  "abort_reason",
  "custom_state",
  "user_id",
  "tags",
  "metadata",
  "pending_client_tool_calls",
  "completed_client_tool_calls",
  "client_tool_call_ownership",
  "suspension_context",
  "expires_at",
] as const;

/** @throws SessileError `bad_request`, `limit_exceeded` */
export function stateValues(state: SessionState): readonly SqlValue[] {
  assertState(state);
  const values: readonly SqlValue[] = [
    state.agentType,
    state.streamId,
    state.parentSessionId,
    state.rootSessionId,
    state.status,
    state.stepCount,
    state.resumeCount,
    state.output === null ? null : storedText("state.output", state.output),
    state.error,
    state.failureReason,
    state.aborted ? 1 : 0,
    state.abortReason,
    storedText("state.customState", state.customState),
    state.userId,
    orNull("state.tags", state.tags, state.tags.length),
    objectOrNull("state.metadata", state.metadata),
    objectOrNull("state.pendingClientToolCalls", state.pendingClientToolCalls),
    objectOrNull("state.completedClientToolCalls", state.completedClientToolCalls),
    objectOrNull("state.clientToolCallOwnership", state.clientToolCallOwnership),
    state.suspension === null ? null : storedText("state.suspension", state.suspension),
    state.suspension?.expiresAt ?? null,
  ];
  assertRowBytes(
    "state",
    values.reduce<number>((sum, value) => sum + (typeof value === "string" ? utf8Bytes(value) : 8), 0),
  );
  return values;
}

/** Reads a row of `__agents_states` beside which `message_count` was selected. */
export function storedStateOf(row: SqlRow): StoredSessionState {
  return {
    ...stateOf(row),
    sessionId: textAt(row, "session_id"),
    version: numberAt(row, "version"),
    messageCount: numberAt(row, "message_count"),
    checkpointId: textOrNullAt(row, "checkpoint_id"),
    createdAt: numberAt(row, "created_at"),
    updatedAt: numberAt(row, "updated_at"),
  };
}

function stateOf(row: SqlRow): SessionState {
  return {
    agentType: textAt(row, "agent_type"),
    streamId: textAt(row, "stream_id"),
    parentSessionId: textOrNullAt(row, "parent_session_id"),
    rootSessionId: textOrNullAt(row, "root_session_id"),
    status: textAt(row, "status") as AgentStatus,
    stepCount: numberAt(row, "step_count"),
    resumeCount: numberAt(row, "resume_count"),
    output: jsonAt(row, "output"),
    error: textOrNullAt(row, "error"),
    failureReason: textOrNullAt(row, "failure_reason"),
    aborted: numberOrNullAt(row, "aborted") === 1,
    abortReason: textOrNullAt(row, "abort_reason"),
    customState: objectAt(row, "custom_state"),
    userId: textOrNullAt(row, "user_id"),
    tags: (jsonAt(row, "tags") ?? []) as readonly string[],
    metadata: objectAt(row, "metadata"),
    pendingClientToolCalls: objectAt(row, "pending_client_tool_calls"),
    completedClientToolCalls: objectAt(row, "completed_client_tool_calls"),
    clientToolCallOwnership: objectAt(
      row,
      "client_tool_call_ownership",
    ) as SessionState["clientToolCallOwnership"],
    suspension: jsonAt(row, "suspension_context") as SessionState["suspension"],
  };
}

const fields = Object.keys(initialSessionState("", "")) as readonly (keyof SessionState)[];

/** The state and nothing else: callers save what they loaded, with its version and times. */
export function stateText(state: SessionState): string {
  return storedText("state", Object.fromEntries(fields.map((field) => [field, state[field]])));
}

/** A state out of a checkpoint, which may be older than some of the fields. */
export function stateFromText(text: string): SessionState {
  const state = JSON.parse(text) as SessionState;
  return initialSessionState(state.agentType, state.streamId, state);
}

export function jsonAt(row: SqlRow, column: string): Json {
  const text = textOrNullAt(row, column);
  return text === null ? null : (JSON.parse(text) as Json);
}

function objectAt(row: SqlRow, column: string): JsonObject {
  return (jsonAt(row, column) ?? {}) as JsonObject;
}

function objectOrNull(field: string, value: object): string | null {
  return orNull(field, value, Object.keys(value).length);
}

/** Null where there is nothing, so that a row of an idle session is short. */
function orNull(field: string, value: unknown, size: number): string | null {
  return size === 0 ? null : storedText(field, value);
}
