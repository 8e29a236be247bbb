import { SessileError } from "../protocol/index.ts";

/**
 * D1 reports a violated constraint only in its message, such as
 * `D1_ERROR: UNIQUE constraint failed: session_events.eventId: SQLITE_CONSTRAINT`.
 */
export function isConstraintError(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.includes("constraint failed");
}

/** A failed query as callers see it. Nothing of D1's own message leaves; it stays as the cause for the operator log. */
export function unavailable(thrown: unknown): SessileError {
  if (thrown instanceof SessileError) return thrown;
  return new SessileError(
    "unavailable",
    "The record database does not answer. Repeat the request later.",
    { retryAfterMs: 1000 },
    { cause: thrown },
  );
}

/** Runs queries; whatever they throw leaves as a `SessileError`. */
export async function queried<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    throw unavailable(thrown);
  }
}
