/** How fast something may come in the long run, and how much of it at once. */
export interface TokenRate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface TokenBucket {
  readonly tokens: number;
  /** Milliseconds since 1970. */
  readonly filledAt: number;
}

export interface TokenAnswer {
  readonly bucket: TokenBucket;
  readonly taken: boolean;
  /** Milliseconds until as many tokens are there; 0 if they were taken. */
  readonly retryAfterMs: number;
}

/**
 * Takes `cost` tokens, or none. A bucket not known yet is full. What costs more than a full bucket holds takes all of a full one:
 * it would never be let through otherwise.
 */
export function takeTokens(
  bucket: TokenBucket | undefined,
  rate: TokenRate,
  now: number,
  cost = 1,
): TokenAnswer {
  // A clock that went back fills nothing, and the time it lost counts again.
  const elapsedMs = bucket ? Math.max(0, now - bucket.filledAt) : 0;
  const filled = bucket
    ? Math.min(rate.burst, bucket.tokens + (elapsedMs * rate.perSecond) / 1000)
    : rate.burst;
  const price = Math.min(cost, rate.burst);
  if (price <= filled)
    return { bucket: { tokens: filled - price, filledAt: now }, taken: true, retryAfterMs: 0 };
  const retryAfterMs = Math.ceil(((price - filled) * 1000) / rate.perSecond);
  // One whose time lies ahead fills from now on.
  const kept = bucket && bucket.filledAt <= now ? bucket : { tokens: filled, filledAt: now };
  return { bucket: kept, taken: false, retryAfterMs };
}
