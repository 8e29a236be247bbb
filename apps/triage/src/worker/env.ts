import type { GeneratedEnv } from "@sessions/env";
import type { workerSandbox } from "sessile/agent";
import { type ChosenModel, chooseModel, type ModelSettings } from "../agents/choose-model.ts";

/** Bindings and settings of `wrangler.jsonc`. Those of the objects are absent where their block was removed. */
export interface Env extends Partial<GeneratedEnv>, ModelSettings {
  readonly INCIDENTS_DB: D1Database;
  readonly SESSILE_FEED?: DurableObjectNamespace;
  /** `state-2-d1`: D1 alone. `state-3-do`: every incident has a durable session. */
  readonly STATE?: string;
  /** What starts an investigation: `open` or `button`. */
  readonly START_ON?: string;
  /** Where code that agents write is run; without it they write none. */
  readonly SANDBOX?: Parameters<typeof workerSandbox>[0];
  /** Signs the profile cookie. The embedded server makes one; on the network it is a secret. */
  readonly SESSILE_SECRET?: string;
}

export interface Capabilities {
  readonly state: "state-2-d1" | "state-3-do";
  readonly startOn: "open" | "button";
  readonly off: readonly string[];
}

const sessionsOff =
  "Sessions are off: incidents can be read, and investigation, notes and live updates are not available.";

/** What this deployment can do, and in words what it cannot. */
export function capabilitiesOf(env: Env): Capabilities {
  const startOn = env.START_ON === "open" ? "open" : "button";
  if (env.STATE === "state-2-d1") return { state: "state-2-d1", startOn, off: [sessionsOff] };
  if (env.SIRT_SESSION) {
    const off = env.SESSILE_FEED
      ? []
      : ["Live updates of the queue are off: the binding SESSILE_FEED is missing."];
    return { state: "state-3-do", startOn, off };
  }
  return { state: "state-2-d1", startOn, off: [sessionsOff, "The binding SIRT_SESSION is missing."] };
}

/** The model that agents ask; null: there are none, for want of a model or of sessions for them. */
export function agentModelOf(env: Env): ChosenModel | null {
  return env.INVESTIGATOR && env.SIRT_SESSION ? chooseModel(env) : null;
}
