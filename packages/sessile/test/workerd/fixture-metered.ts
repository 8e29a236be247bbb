import { type Actor, callable, type QuotaPlan, type QuotaPolicy, type QuotaStore, Session } from "sessile";
import { createD1QuotaStore } from "sessile/d1";
import { faultyDatabase } from "./fixture-record.ts";

/** Small enough to be used up. */
export const quotaPlan: QuotaPlan = {
  tiers: {
    anonymous: { promptsPerDay: 3, promptsPerMinute: null, voiceEnabled: false },
    free: { promptsPerDay: 5, promptsPerMinute: null, voiceEnabled: true },
    hasty: { promptsPerDay: null, promptsPerMinute: 0, voiceEnabled: true },
  },
  tierOf: (actor) => (actor === null ? "anonymous" : actor.id.startsWith("hasty") ? "hasty" : "free"),
};

type Env = { readonly SESSILE_RECORD: Parameters<typeof createD1QuotaStore>[0] };

/** Prompts cost, everything else is free. */
export class Metered extends Session<Env, { readonly banned?: string }> {
  readonly kind = "metered";
  readonly initialState = {};
  override readonly quotas: QuotaPolicy = {
    ...quotaPlan,
    charge: (_command, eventType) => (eventType === "prompt" ? 1 : 0),
  };
  override readonly limits = {
    maxPeers: 3,
    maxWaitingPerPeer: 20,
    commandRate: { perSecond: 0.001, burst: 100 },
    signalRate: { perSecond: 0.001, burst: 4 },
  };

  readonly ban = callable((actorId: string) => this.setState({ banned: actorId }));

  override authorize(actor: Actor | null): boolean {
    return actor === null || actor.id !== this.state.banned;
  }

  override quotaStoreOf(env: Env): QuotaStore {
    return createD1QuotaStore(faultyDatabase(env.SESSILE_RECORD));
  }

  override recordOf(): null {
    return null;
  }
}
