import type { SessileError } from "../protocol/index.ts";

/**
 * Whether a session that refuses its new owner may take them another time: not only what is worth repeating at once, but also a
 * day's quota that is used up and what nobody foresaw. Who is signed in nevertheless would lose the session for good.
 */
export function mayPass({ retryable, code }: SessileError): boolean {
  return retryable || code === "quota_exceeded" || code === "internal";
}
