import { type Context, Hono } from "hono";
import { readSocket } from "../../durable-streams/socket-reader.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import {
  type ActiveRun,
  type AgentState,
  isSuspending,
  type RunInfo,
  resumabilityOf,
  runInfoOf,
} from "../../protocol/run.ts";
import type { StreamInfo } from "../../protocol/stream.ts";
import { answerOf } from "../answer-of.ts";
import { MethodNotAllowed } from "../problem.ts";
import { integerParam } from "../query.ts";
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
    const { runId } = answerOf<{ runId: string }>(result, "runId");
    return Response.json(shown(await readRun(context.var, runId)), { status: repeated ? 200 : 201 });
  });

  routes.get("/runs", async (context) => {
    await context.var.require("read");
    const { target, actor } = context.var;
    const { items, ...page } = await streamsPage(target, actor, context.req);
    const active = await activeRun(context.var, items);
    const runs = items.map((stream) => runInfoOf(stream, active)).filter((run) => run !== null);
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

  routes.post("/resume", async (context) => {
    await context.var.require("write");
    const request = await readObject(context.req.raw, {});
    const { runId } = answerOf<{ runId: string }>(await call(context, "resumeRun", request), "runId");
    return Response.json(shown(await readRun(context.var, runId)));
  });
  routes.get("/resume", async (context) => {
    await context.var.require("read");
    const { agent, gates } = await agentOf(context.var);
    if (!agent) throw new SessileError("not_found", "This session has no agents.");
    return Response.json(resumabilityOf(agent, gates));
  });

  for (const how of ["interrupt", "abort"] as const) {
    routes.post(`/${how}`, async (context) => {
      await context.var.require("write");
      const { runId, force } = await readObject(context.req.raw, {});
      const asked = {
        how,
        ...(runId === undefined ? {} : { runId }),
        ...(force === undefined ? {} : { force }),
      };
      return Response.json(await call(context, "stopRun", asked));
    });
    routes.all(`/${how}`, () => {
      throw new MethodNotAllowed(["POST"]);
    });
  }
  routes.all("/resume", () => {
    throw new MethodNotAllowed(["GET", "HEAD", "POST"]);
  });
  routes.all("/runs", () => {
    throw new MethodNotAllowed(["GET", "HEAD", "POST"]);
  });
  routes.all("/runs/:runId", () => {
    throw new MethodNotAllowed(["GET", "HEAD"]);
  });
  return routes;
}

async function call(
  { var: variables, req }: Context<{ Variables: SessionVariables }>,
  method: string,
  ...args: readonly Json[]
): Promise<Json> {
  const { result = null } = await runCommandOf(variables, req.raw, { op: "call", method, args });
  return result;
}

/** @throws SessileError `not_found` */
async function readRun({ target, actor }: SessionVariables, runId: string): Promise<RunInfo> {
  const { info } = await askStream(target, actor, runId, { do: "info" });
  const run = info && runInfoOf(info, await activeRun({ target, actor }, [info]));
  if (run) return run;
  throw new SessileError("not_found", "There is no such run.", { field: "runId" });
}

/** What a run waits for is in the session's state. */
async function activeRun(
  { target, actor }: Pick<SessionVariables, "target" | "actor">,
  streams: readonly StreamInfo[],
): Promise<ActiveRun | null> {
  if (!streams.some(({ status }) => status === "paused")) return null;
  return (await agentOf({ target, actor })).agent?.active ?? null;
}

async function agentOf({ target, actor }: Pick<SessionVariables, "target" | "actor">) {
  const { state, gates } = await target.ask({ op: "view" }, actor);
  const { agent = null } = (state ?? {}) as { readonly agent?: AgentState };
  return { agent, gates };
}

/** Resolves when the run's stream has closed, when the run waits for others, or the time is up. */
async function ended({ target, actor }: SessionVariables, runId: string, waitMs: number): Promise<void> {
  const { info } = await askStream(target, actor, runId, { do: "info" });
  const { webSocket } = await streamSocket(target, actor, runId, `?offset=${info?.tail ?? 0}`);
  if (!webSocket) throw new SessileError("unavailable", "The session did not open a stream.");
  const reader = readSocket(webSocket, info?.tail ?? 0);
  const timer = setTimeout(() => reader.close(), waitMs);
  try {
    for (let read = await reader.next(); "chunks" in read; read = await reader.next())
      if (read.chunks.some(isSuspending)) return;
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
