import { Hono } from "hono";
import { SessileError } from "sessile";
import { createD1Record } from "sessile/d1";
import { type AccessQuestion, createSessile, problemResponse } from "sessile/worker";
import { apiRoutes } from "./api-routes.ts";
import type { AppTypes } from "./app-types.ts";
import { asProblem } from "./as-problem.ts";
import { incidentExists } from "./database/incident-queries.ts";
import { migrateDatabase } from "./database/schema.ts";
import { capabilitiesOf, type Env } from "./env.ts";
import { people } from "./people.ts";

const known = new Set<string>();
const maxKnown = 10_000;

/** The Worker: the app's own API, and sessions as the library serves them. */
export function createApp(): Hono<AppTypes> {
  const app = new Hono<AppTypes>();
  app.onError((thrown) => problemResponse(asProblem(thrown), crypto.randomUUID()));
  // The library's own middleware comes first: it refuses what other web sites send, to the API below too.
  app.route(
    "/",
    createSessile<Env>({
      kinds: { incident: { binding: "SIRT_SESSION", route: "incident" } },
      record: (env) => createD1Record(env.INCIDENTS_DB),
      feed: "SESSILE_FEED",
      identify: people.identify,
      authorize: mayDo,
    }) as unknown as Hono<AppTypes>,
  );
  app.route("/api", apiRoutes());
  app.notFound(() =>
    problemResponse(new SessileError("not_found", "There is nothing at this address."), crypto.randomUUID()),
  );
  return app;
}

/**
 * Everyone may read, whoever has picked a name may work, and nobody resets an incident. A session comes into being when it
 * is first asked for, so a name that no alert led to is refused here.
 */
async function mayDo({ actor, action, kind, name }: AccessQuestion, env: Env): Promise<boolean> {
  if (capabilitiesOf(env).state === "state-2-d1")
    throw new SessileError("unavailable", "Sessions are off in this deployment: it runs on D1 alone.");
  if (kind === "incident" && name !== undefined && !(await isIncident(env, name)))
    throw new SessileError("not_found", "There is no incident of this name.", { field: "name" });
  if (action === "admin") return false;
  return action === "read" || actor !== null;
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
