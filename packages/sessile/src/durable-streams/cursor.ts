/** Cursors count intervals from here, so that answers of one interval share a cache key (Durable Streams, "Caching"). */
const epochMs = Date.UTC(2024, 9, 9);
const intervalMs = 20_000;
const maxJitterSeconds = 3600;

/**
 * The cursor of an answer at `now` (milliseconds since 1970). A reader that already has this interval's cursor, or a later one,
 * gets a later one still: else a cache would hand it the same answer again.
 *
 * @param random uniform in [0, 1)
 */
export function nextCursor(now: number, asked: string | null, random: number): string {
  const current = Math.floor((now - epochMs) / intervalMs);
  const known = asked !== null && /^[0-9]{1,15}$/.test(asked) ? Number(asked) : -1;
  if (known < current) return String(current);
  const jitterSeconds = 1 + Math.floor(random * maxJitterSeconds);
  return String(known + Math.max(1, Math.ceil((jitterSeconds * 1000) / intervalMs)));
}
