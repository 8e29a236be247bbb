import { APICallError, LoadAPIKeyError, NoSuchModelError } from "ai";
import { SessileError } from "../../protocol/index.ts";

const retryBaseMs = 500;
/** A provider that wants more time than this has to be asked by another run. */
const maxRetryAfterMs = 60_000;

/**
 * How long to wait before a model is asked again, as it says itself (`retry-after`) or doubling; null if asking again is no use.
 *
 * @param attempt the one that failed, from 1
 */
export function retryDelayMs(thrown: unknown, attempt: number, now: number): number | null {
  const backoffMs = retryBaseMs * 2 ** (attempt - 1);
  if (thrown instanceof SessileError)
    return thrown.retryable ? bounded(thrown.details.retryAfterMs ?? backoffMs) : null;
  if (isMistake(thrown)) return null;
  // Whatever else is thrown on the way, such as a connection that was cut.
  if (!APICallError.isInstance(thrown)) return bounded(backoffMs);
  if (!thrown.isRetryable) return null;
  return bounded(retryAfterMs(thrown.responseHeaders ?? {}, now) ?? backoffMs);
}

/** In the code or its settings, such as an address that is none: it would be made again. */
function isMistake(thrown: unknown): boolean {
  return (
    thrown instanceof TypeError || LoadAPIKeyError.isInstance(thrown) || NoSuchModelError.isInstance(thrown)
  );
}

function bounded(ms: number): number | null {
  return ms <= maxRetryAfterMs ? Math.max(0, ms) : null;
}

function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | null {
  const ms = Number.parseFloat(headers["retry-after-ms"] ?? "");
  if (Number.isFinite(ms)) return ms;
  const after = headers["retry-after"] ?? "";
  const seconds = Number.parseFloat(after);
  if (Number.isFinite(seconds)) return seconds * 1000;
  const at = Date.parse(after);
  return Number.isNaN(at) ? null : at - now;
}
