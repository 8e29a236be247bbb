import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { directoryFeedName, SessileError } from "sessile";
import { firstStartNdjson } from "../../samples/first-start.ts";
import type { AppConfig } from "../contract/api.ts";
import { fold, restoreAlert, telemetryKeysOf } from "../domain/index.ts";
import type { AppTypes } from "./app-types.ts";
import { listAlerts, listTelemetry, readRawAlert, sampleRawAlerts } from "./database/alert-queries.ts";
import { listIncidents, parseSort, readIncident, summariseQueue } from "./database/incident-queries.ts";
import { parsePage } from "./database/page-request.ts";
import { parseQueueFilter } from "./database/queue-filter.ts";
import { migrateDatabase } from "./database/schema.ts";
import { agentModelOf, capabilitiesOf } from "./env.ts";
import { ingestFrom, postAlerts } from "./ingest/ingest-route.ts";
import { people } from "./people.ts";

/** Enough of an incident's first alerts to know its actors. */
const actorSample = 200;

const maxProfileBytes = 4096;

/** Everything below `/api`. */
export function apiRoutes(): Hono<AppTypes> {
  const api = new Hono<AppTypes>();
  api.use("*", async (context, next) => {
    await next();
    // An upgraded socket's answer cannot be changed any more.
    if (context.res.status !== 101) context.res.headers.set("cache-control", "no-store");
  });
  // These answer without the database, also while it is away.
  api.get("/config", showConfig);
  api.post("/profile", bodyLimit({ maxSize: maxProfileBytes, onError: refuseLargeProfile }), pickProfile);
  api.delete("/profile", (context) =>
    context.body(null, 204, { "set-cookie": people.signOut(context.req.raw) }),
  );
  api.get("/feed", openFeed);
  api.use("*", async (context, next) => {
    await migrateDatabase(context.env.INCIDENTS_DB);
    await next();
  });
  api.post("/alerts", postAlerts);
  api.post("/sample", (context) => ingestFrom(context, [new TextEncoder().encode(firstStartNdjson())]));
  api.get("/alerts/:hash", async (context) =>
    context.body(await readRawAlert(context.env.INCIDENTS_DB, context.req.param("hash")), 200, {
      "content-type": "application/json",
    }),
  );
  api.get("/incidents", async (context) => {
    const query = context.req.query();
    const filter = parseQueueFilter(query);
    return context.json(
      await listIncidents(context.env.INCIDENTS_DB, filter, parseSort(query.sort), parsePage(query)),
    );
  });
  api.get("/summary", async (context) =>
    context.json(await summariseQueue(context.env.INCIDENTS_DB, parseQueueFilter(context.req.query()))),
  );
  api.get("/incidents/:name", async (context) =>
    context.json(await readIncident(context.env.INCIDENTS_DB, context.req.param("name"))),
  );
  api.get("/incidents/:name/alerts", showAlerts);
  api.all("*", () => {
    throw new SessileError("not_found", "There is nothing at this address.");
  });
  return api;
}

async function showConfig(context: Context<AppTypes>): Promise<Response> {
  const actor = await people.identify(context.req.raw, context.env).catch(() => null);
  const profile = actor ? { id: actor.id, name: actor.name ?? actor.id } : null;
  const model = agentModelOf(context.env)?.name ?? null;
  return context.json({ ...capabilitiesOf(context.env), model, profile } satisfies AppConfig);
}

function refuseLargeProfile(): never {
  throw new SessileError("limit_exceeded", `A profile is at most ${maxProfileBytes} bytes.`, {
    field: "body",
  });
}

async function pickProfile(context: Context<AppTypes>): Promise<Response> {
  const body: unknown = await context.req.json().catch(() => null);
  const name = body !== null && typeof body === "object" && "name" in body ? body.name : undefined;
  const current = await people.identify(context.req.raw, context.env);
  const { profile, cookie } = await people.signIn(name, current, context.env, context.req.raw);
  return context.json(profile, 200, { "set-cookie": cookie });
}

async function showAlerts(context: Context<AppTypes>): Promise<Response> {
  const db = context.env.INCIDENTS_DB;
  const query = context.req.query();
  const name = context.req.param("name") ?? "";
  const { incident } = await readIncident(db, name);
  if (query.kind === undefined || query.kind === "alert")
    return context.json(await listAlerts(db, name, parsePage(query)));
  if (query.kind !== "telemetry")
    throw new SessileError("bad_request", "kind is alert or telemetry.", { field: "kind" });
  const sample = await sampleRawAlerts(db, name, actorSample);
  const summary = fold(
    undefined,
    sample.flatMap(({ raw, hash }) => restoreAlert(raw, hash) ?? []),
  );
  const keys = summary
    ? telemetryKeysOf({ ...summary, firstAt: incident.firstAt, lastAt: incident.lastAt })
    : [];
  return context.json(await listTelemetry(db, keys, parsePage(query)));
}

/** The live list: changes of incidents' sessions as they happen. */
async function openFeed(context: Context<AppTypes>): Promise<Response> {
  if (context.req.header("upgrade")?.toLowerCase() !== "websocket")
    throw new SessileError("bad_request", "The feed is a WebSocket: ask for an upgrade.", {
      field: "upgrade",
    });
  const feed = context.env.SESSILE_FEED;
  if (capabilitiesOf(context.env).state === "state-2-d1" || !feed)
    throw new SessileError(
      "unavailable",
      "Live updates are off in this deployment. Read the list again instead.",
    );
  const { raw } = context.req;
  const url = new URL(raw.url);
  url.search = "?kind=incident";
  const headers = new Headers(raw.headers);
  // The library tells its objects who somebody is in headers of its own: none comes in from outside.
  for (const name of raw.headers.keys()) if (name.startsWith("x-sessile-")) headers.delete(name);
  return feed.getByName(directoryFeedName).fetch(new Request(url, new Request(raw, { headers })));
}
