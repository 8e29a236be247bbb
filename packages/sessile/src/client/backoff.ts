/** Ceiling of the wait before the first retry; doubles with every failure. */
export const firstRetryMs = 250;
export const longestRetryMs = 15_000;
/** A connection that held this long starts the count of failures again. */
export const stableAfterMs = 10_000;

/**
 * Milliseconds before the next attempt: full jitter, so that the peers of a restarted server do not come back together.
 *
 * @param failures failed attempts in a row before this one
 * @param jitter in [0, 1)
 */
export function backoffMs(failures: number, jitter: number): number {
  const ceiling = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures, 20));
  return Math.round(ceiling * jitter);
}
