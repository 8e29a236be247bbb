import { Hono } from "hono";
import { readSocket } from "../durable-streams/socket-reader.ts";
import { SessileError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import { type RunInfo, type RunStop, runInfoOf } from "../protocol/run.ts";
import { MethodNotAllowed } from "./problem.ts";
import { integerParam } from "./query.ts";
import { maxWaitSeconds, readObject, runCommandOf, type SessionVariables } from "./session-routes.ts";
import { askStream, streamSocket, streamsPage } from "./stream-routes.ts";

type Routes = Hono<{ Variables: SessionVariables }>;

/** Below one session: the runs of its agents. */
export function runRoutes(): Routes {
  const routes: Routes = new Hono();

  routes.post("/runs", async (context) => {
    await context.var.require("write");
    const request = await readObject(context.req.raw, {});
    const { result, repeated } = await runCommandOf(context.var, context.req.raw, {
      op: "call",
      method: "startRun",
      args: [request],
    });
    const { runId } = result as { readonly runId: string };
    return Response.json(shown(await readRun(context.var, runId)), { status: repeated ? 200 : 201 });
  });

  routes.get("/runs", async (context) => {
    await context.var.require("read");
    const { target, actor } = context.var;
    const { items, ...page } = await streamsPage(target, actor, context.req);
    const runs = items.map(runInfoOf).filter((run) => run !== null);
    return Response.json({ items: runs.map(shown), ...page });
  });

  routes.get("/runs/:runId", async (context) => {
    await context.var.require("read");
    const runId = context.req.param("runId");
    const wait = integerParam(context.req.query("wait"), "wait", 0, 0, maxWaitSeconds);
    const until = Date.now() + wait * 1000;
    let run = await readRun(context.var, runId);
    while (run.status === "running" && Date.now() < until) {
      await ended(context.var, runId, until - Date.now());
      run = await readRun(context.var, runId);
    }
    return Response.json(shown(run));
  });

  for (const how of ["interrupt", "abort"] as const) {
    routes.post(`/${how}`, async (context) => {
      await context.var.require("write");
      return Response.json(await stopRun(context.var, context.req.raw, how));
    });
    routes.all(`/${how}`, () => {
      throw new MethodNotAllowed(["POST"]);
    });
  }
  routes.all("/runs", () => {
    throw new MethodNotAllowed(["GET", "HEAD", "POST"]);
  });
  routes.all("/runs/:runId", () => {
    throw new MethodNotAllowed(["GET", "HEAD"]);
  });
  return routes;
}

async function stopRun(variables: SessionVariables, request: Request, how: RunStop): Promise<Json> {
  const { runId } = await readObject(request, {});
  const asked = { how, ...(runId === undefined ? {} : { runId }) };
  const { result = null } = await runCommandOf(variables, request, {
    op: "call",
    method: "stopRun",
    args: [asked],
  });
  return result;
}

/** @throws SessileError `not_found` */
async function readRun({ target, actor }: SessionVariables, runId: string): Promise<RunInfo> {
  const { info } = await askStream(target, actor, runId, { do: "info" });
  const run = info && runInfoOf(info);
  if (run) return run;
  throw new SessileError("not_found", "There is no such run.", { field: "runId" });
}

/** Resolves when the run's stream has closed, or the time is up. */
async function ended({ target, actor }: SessionVariables, runId: string, waitMs: number): Promise<void> {
  const { info } = await askStream(target, actor, runId, { do: "info" });
  const { webSocket } = await streamSocket(target, actor, runId, `?offset=${info?.tail ?? 0}`);
  if (!webSocket) throw new SessileError("unavailable", "The session did not open a stream.");
  const reader = readSocket(webSocket, info?.tail ?? 0);
  const timer = setTimeout(() => reader.close(), waitMs);
  try {
    while ("chunks" in (await reader.next()));
  } catch {
    // The time is up, chunks were withdrawn, or the connection broke: how the run stands is asked anew.
  } finally {
    clearTimeout(timer);
    reader.close();
  }
}

function shown({ startedAt, endedAt, ...run }: RunInfo): object {
  return {
    ...run,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
  };
}
