import { SessileError } from "sessile";
import type { AccessQuestion } from "sessile/worker";
import { agentNames } from "../contract/agents.ts";
import { incidentExists } from "./database/incident-queries.ts";
import { migrateDatabase } from "./database/schema.ts";
import { capabilitiesOf, type Env } from "./env.ts";

const known = new Set<string>();
const maxKnown = 10_000;

/**
 * Everyone may read, whoever has picked a name may work, and nobody resets an incident. A session comes into being when it
 * is first asked for, so a name that no alert led to is refused here.
 */
export async function authorize({ actor, action, kind, name }: AccessQuestion, env: Env): Promise<boolean> {
  if (capabilitiesOf(env).state === "state-2-d1")
    throw new SessileError("not_configured", "Sessions are off in this deployment: it runs on D1 alone.");
  const isAgent = kind === "investigator";
  if (name !== undefined && kind === "incident" && !(await isIncident(env, name)))
    throw new SessileError("not_found", "There is no incident of this name.", { field: "name" });
  if (name !== undefined && isAgent && !(await isAgentsName(env, name)))
    throw new SessileError("not_found", "There is no agent of this name.", { field: "name" });
  if (action === "admin" || (isAgent && action !== "read")) return false;
  return action === "read" || actor !== null;
}

/** `{incident}.{agent}`, of which an incident has a handful. */
async function isAgentsName(env: Env, name: string): Promise<boolean> {
  const [incident = "", agent, ...more] = name.split(".");
  return more.length === 0 && agentNames.some((one) => one === agent) && isIncident(env, incident);
}

async function isIncident(env: Env, name: string): Promise<boolean> {
  if (known.has(name)) return true;
  try {
    await migrateDatabase(env.INCIDENTS_DB);
    if (!(await incidentExists(env.INCIDENTS_DB, name))) return false;
  } catch {
    // While D1 is away, sessions that exist must stay reachable.
    return true;
  }
  if (known.size >= maxKnown) known.clear();
  known.add(name);
  return true;
}
