import { SessileError } from "../protocol/error.ts";

export const firstRetryMs = 250;

export function outage(retryAfterMs: number): SessileError {
  return new SessileError(
    "unavailable",
    "The record does not answer, so this session takes no commands. Reading goes on; try again shortly.",
    { retryAfterMs: Math.max(firstRetryMs, Math.ceil(retryAfterMs)) },
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
