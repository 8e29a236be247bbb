/** A source of chance that is the same on every machine (mulberry32). */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * How full the fullest database is beside the average one, when sessions of very different sizes are dealt out by the hash of their
 * address: sizes are lognormal with the given mean, so that one in a thousand is some twenty times as large.
 */
export function fullest(sessions: number, databases: number, meanBytes: number, seed: number): number {
  const chance = chanceOf(seed);
  const sigma = 1.2;
  const mu = Math.log(meanBytes) - sigma ** 2 / 2;
  const bytes = new Float64Array(databases);
  for (let n = 0; n < sessions; n++) {
    const normal = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
    const index = Math.floor(chance() * databases);
    bytes[index] = (bytes[index] as number) + Math.exp(mu + sigma * normal);
  }
  const total = bytes.reduce((sum, one) => sum + one, 0);
  return (Math.max(...bytes) * databases) / total;
}

/** How long somebody talks. */
const sessionSeconds = 1200;

export interface Herd {
  /** Sessions that had something to record when the database came back. */
  readonly waiting: number;
  /** Most runs that came in one second. */
  readonly peakPerSecond: number;
  /** Until half of them, and all, were recorded. */
  readonly halfSeconds: number;
  readonly allSeconds: number;
}

/**
 * A database that is away, and the sessions that come back to it: each tries again after a second, twice as long after each failure, at
 * most five minutes, less up to half by chance (RE16 of PROTOCOL.md).
 */
export function herdAfter(
  outageSeconds: number,
  sessionsPerSecond: number,
  capacityPerSecond: number,
  seed: number,
): Herd {
  const chance = chanceOf(seed);
  const due: number[] = [];
  // Those that had begun before it went away have something to record within a minute.
  const under = sessionsPerSecond * sessionSeconds;
  for (let n = 0; n < under + sessionsPerSecond * outageSeconds; n++) {
    let at = n < under ? chance() * 60 : (n - under) / sessionsPerSecond;
    for (let failures = 1; at < outageSeconds; failures++) {
      const delay = Math.min(300, 2 ** (failures - 1));
      at += delay * (1 - chance() / 2);
    }
    due.push(at - outageSeconds);
  }
  due.sort((a, b) => a - b);
  const perSecond = new Map<number, number>();
  for (const at of due) perSecond.set(Math.floor(at), (perSecond.get(Math.floor(at)) ?? 0) + 1);
  // Whoever finds the database busy waits in its queue.
  let free = 0;
  const done = due.map((at) => {
    free = Math.max(at, free) + 1 / capacityPerSecond;
    return free;
  });
  return {
    waiting: due.length,
    peakPerSecond: Math.max(...perSecond.values()),
    halfSeconds: done[Math.floor(done.length / 2)] ?? 0,
    allSeconds: done.at(-1) ?? 0,
  };
}
