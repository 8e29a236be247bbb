/** What a group of people may ask for. Data, so that a deployment changes it without code. */
export interface QuotaTier {
  /** Null: as many as they like. */
  readonly promptsPerDay: number | null;
  /** Counted by the clock's minute. Null: as many as they like. */
  readonly promptsPerMinute: number | null;
  readonly voiceEnabled: boolean;
}

export interface QuotaTiers {
  readonly [tier: string]: QuotaTier;
}

export const defaultTiers = {
  anonymous: { promptsPerDay: 10, promptsPerMinute: 1, voiceEnabled: false },
  free: { promptsPerDay: 100, promptsPerMinute: 10, voiceEnabled: true },
  paid: { promptsPerDay: 500, promptsPerMinute: 60, voiceEnabled: true },
  "own-key": { promptsPerDay: null, promptsPerMinute: 100, voiceEnabled: true },
} as const satisfies QuotaTiers;

/** What is left of somebody's day. */
export interface QuotaStatus {
  readonly tier: string;
  /** Null: without bound. */
  readonly promptsRemaining: number | null;
  readonly promptsTotal: number | null;
  /** RFC 3339: the next 00:00 UTC. */
  readonly resetsAt: string;
  readonly voiceEnabled: boolean;
  /** Four fifths of the day's prompts are used. */
  readonly warning: boolean;
}

const dayMs = 86_400_000;

/** The day in UTC a moment belongs to, such as `2030-01-31`. @param now milliseconds since 1970 */
export function quotaDayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10);
}

/** When the day's quota begins anew, in milliseconds since 1970. */
export function quotaResetOf(now: number): number {
  return (Math.floor(now / dayMs) + 1) * dayMs;
}

/** @param used prompts charged on the day of `now` */
export function quotaStatusOf(name: string, tier: QuotaTier, used: number, now: number): QuotaStatus {
  const total = tier.promptsPerDay;
  return {
    tier: name,
    promptsRemaining: total === null ? null : Math.max(0, total - used),
    promptsTotal: total,
    resetsAt: new Date(quotaResetOf(now)).toISOString(),
    voiceEnabled: tier.voiceEnabled,
    // In whole numbers: a boundary must not depend on rounding.
    warning: total !== null && used * 5 >= total * 4,
  };
}

export function isQuotaStatus(value: unknown): value is QuotaStatus {
  if (value === null || typeof value !== "object") return false;
  const { tier, promptsRemaining, resetsAt } = value as Partial<QuotaStatus>;
  return (
    typeof tier === "string" &&
    (promptsRemaining === null || typeof promptsRemaining === "number") &&
    typeof resetsAt === "string"
  );
}
