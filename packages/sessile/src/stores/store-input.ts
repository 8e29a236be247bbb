import { assertJson, defaultLimits, SessileError } from "../protocol/index.ts";
import {
  type AgentStatus,
  agentStatuses,
  type RunStatus,
  runStatuses,
  type SessionState,
} from "../protocol/session-state.ts";
import { utf8Bytes } from "../record/text.ts";

const maxNameChars = 256;
const maxPage = 1000;

export function assertName(field: string, value: string): void {
  if (typeof value === "string" && value.length > 0 && value.length <= maxNameChars) return;
  throw new SessileError("bad_request", `${field} has 1 to ${maxNameChars} characters.`, { field });
}

export function assertWhole(field: string, value: number, min = 0, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new SessileError("bad_request", `${field} is a whole number from ${min} to ${max}.`, { field });
}

/** @returns the page's bounds */
export function pageOf(
  options: { readonly offset?: number; readonly limit?: number } = {},
  defaultLimit = 100,
): { readonly offset: number; readonly limit: number } {
  const { offset = 0, limit = defaultLimit } = options;
  assertWhole("offset", offset);
  assertWhole("limit", limit, 1, maxPage);
  return { offset, limit };
}

/** JSON text of something that lies in one row. @throws SessileError `bad_request`, `limit_exceeded` */
export function storedText(field: string, value: unknown): string {
  assertJson(value, field, defaultLimits.maxDepth);
  const text = JSON.stringify(value);
  assertRowBytes(field, utf8Bytes(text));
  return text;
}

/** Everything stored of one row must fit one: the platform's bound is 2 MB. */
export function assertRowBytes(field: string, bytes: number): void {
  if (bytes > defaultLimits.maxRowBytes) throw tooLong(field);
}

export function tooLong(field: string): SessileError {
  return new SessileError(
    "limit_exceeded",
    `${field} is longer than ${defaultLimits.maxRowBytes} bytes of JSON. Keep what is large as a part, and refer to it.`,
    { field, limit: "maxRowBytes" },
  );
}

export function assertAgentStatus(field: string, status: AgentStatus): void {
  if (agentStatuses.includes(status)) return;
  throw new SessileError("bad_request", `${field} is one of: ${agentStatuses.join(", ")}.`, { field });
}

export function assertRunStatus(field: string, status: RunStatus): void {
  if (runStatuses.includes(status)) return;
  throw new SessileError("bad_request", `${field} is one of: ${runStatuses.join(", ")}.`, { field });
}

export function assertMessages(messages: readonly { readonly role: string }[]): void {
  for (const [index, message] of messages.entries()) {
    if (typeof message?.role !== "string" || message.role === "")
      throw new SessileError("bad_request", `messages[${index}].role says who speaks.`, {
        field: `messages[${index}].role`,
      });
  }
}

/** @throws SessileError `bad_request`, `limit_exceeded` */
export function assertState(state: SessionState): void {
  assertName("state.agentType", state.agentType);
  assertName("state.streamId", state.streamId);
  assertAgentStatus("state.status", state.status);
  assertWhole("state.stepCount", state.stepCount);
  assertWhole("state.resumeCount", state.resumeCount);
  if (state.suspension?.expiresAt !== undefined)
    assertWhole("state.suspension.expiresAt", state.suspension.expiresAt);
}

export function noSession(sessionId: string): SessileError {
  return new SessileError("not_found", `There is no session ${sessionId} in this store.`, {
    field: "sessionId",
  });
}
