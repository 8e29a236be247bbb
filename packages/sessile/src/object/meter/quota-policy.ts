import type { Command } from "../../protocol/command.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import { defaultTiers, type QuotaTier, type QuotaTiers } from "../../protocol/quota.ts";

/** Who belongs to which tier. One value serves the kind and `createSessile`, so that both mean the same. */
export interface QuotaPlan {
  /** Default: `defaultTiers`. */
  readonly tiers?: QuotaTiers;
  /** Name of somebody's tier. Default: `anonymous` for nobody in particular, else `free`. */
  readonly tierOf?: (actor: Actor | null) => string | Promise<string>;
}

/** What one command costs. */
export interface CommandPrice {
  /** Prompts; 0 is none. */
  readonly units: number;
  /** Commands of one action share it, and its first retries are free. Default: each command is an action of its own. */
  readonly action?: string;
}

/** A kind's quotas. */
export interface QuotaPolicy extends QuotaPlan {
  /**
   * What a client's command costs; commands that cost nothing never wait for a quota. Must not write.
   *
   * @param eventType the event that the command appends, or that its draft becomes; null for other commands
   */
  readonly charge: (command: Command, eventType: string | null) => number | CommandPrice;
  /** Retries of one action that cost nothing. Default 3. */
  readonly freeRetries?: number;
}

export interface NamedTier {
  readonly name: string;
  readonly tier: QuotaTier;
}

/** @throws SessileError `internal` for a tier that the plan does not have */
export async function tierFor(plan: QuotaPlan, actor: Actor | null): Promise<NamedTier> {
  const name = (await plan.tierOf?.(actor)) ?? (actor === null ? "anonymous" : "free");
  const tiers: QuotaTiers = plan.tiers ?? defaultTiers;
  const tier = Object.hasOwn(tiers, name) ? tiers[name] : undefined;
  if (!tier) throw new SessileError("internal", `The quota plan has no tier "${name}".`);
  return { name, tier };
}

/** Whose quota somebody's prompts are charged to. @param client salted hash of the address; without one, all strangers share a quota */
export function quotaSubjectOf(actor: Actor | null, client: string | undefined): string {
  return actor ? `user:${actor.id}` : `ip:${client ?? "unknown"}`;
}
