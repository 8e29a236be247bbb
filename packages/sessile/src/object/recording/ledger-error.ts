import { SessileError } from "../../protocol/error.ts";

export const firstRetryMs = 250;

export function outage(retryAfterMs: number): SessileError {
  return new SessileError(
    "unavailable",
    "The record does not answer, so this session takes no commands. Reading goes on; try again shortly.",
    { retryAfterMs: Math.max(firstRetryMs, Math.ceil(retryAfterMs)) },
  );
}

export function noRecord(): SessileError {
  return new SessileError(
    "not_configured",
    "This kind keeps its log in a record, and the deployment binds none.",
  );
}

export function tooManyStaged(): SessileError {
  return new SessileError(
    "overloaded",
    "More events of this session wait for the record than it accepts. Try again shortly.",
    { limit: "maxMailbox", retryAfterMs: 250 },
  );
}

/** What a session answers whose log and record contradict each other. */
export function frozenBy({ code, details: { currentVersion } }: SessileError): SessileError {
  return new SessileError(
    code === "fenced" ? "fenced" : "conflict",
    "The record contradicts this session's log. It takes no writes until an operator has looked; reading goes on.",
    currentVersion === undefined ? {} : { currentVersion },
  );
}

/** Waiting helps against everything but these: the record holds another log, or another writer's. */
export function isContradiction(thrown: unknown): thrown is SessileError {
  if (!(thrown instanceof SessileError)) return false;
  return ["conflict", "fenced", "internal", "bad_request"].includes(thrown.code);
}

export function detailOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? `${thrown.message} ${thrown.cause.message}` : thrown.message;
}
