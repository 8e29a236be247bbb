/** How regular a series of connections is. */
export interface Rhythm {
  readonly intervals: number;
  /** Mean seconds between connections. */
  readonly meanSeconds: number;
  /** Standard deviation by mean of the intervals: 0 is a clock, about 1 is chance (a Poisson process). */
  readonly variation: number;
}

const minIntervals = 7;
const minMeanSeconds = 5;
/** Connections this close belong to one visit: a page loads many files at once. */
const sameVisitMs = 1000;

/** The rhythm of connection times (epoch milliseconds, any order), or undefined where there are too few or they come too fast. */
export function rhythmOf(times: readonly number[]): Rhythm | undefined {
  const sorted = [...times].sort((a, b) => a - b);
  const intervals: number[] = [];
  let last = sorted[0] ?? 0;
  for (const time of sorted.slice(1)) {
    if (time - last < sameVisitMs) continue;
    intervals.push((time - last) / 1000);
    last = time;
  }
  if (intervals.length < minIntervals) return undefined;
  const mean = intervals.reduce((sum, value) => sum + value, 0) / intervals.length;
  if (mean < minMeanSeconds) return undefined;
  const variance = intervals.reduce((sum, value) => sum + (value - mean) ** 2, 0) / intervals.length;
  return { intervals: intervals.length, meanSeconds: mean, variation: Math.sqrt(variance) / mean };
}
