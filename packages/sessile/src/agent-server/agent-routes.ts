import { type Context, Hono } from "hono";
import * as z from "zod/mini";
import { type Gate, gateEnd, type RunInfo, type RunStop, SessileError } from "../protocol/index.ts";
import { MethodNotAllowed, problemResponse } from "../worker/problem.ts";
import { integerParam } from "../worker/query.ts";
import { maxWaitSeconds, readObject } from "../worker/routes/session-routes.ts";
import { withSafeHeaders } from "../worker/safe-headers.ts";
import { assertSameOrigin } from "../worker/same-origin.ts";
import type { AgentExecutor } from "./agent-executor.ts";
import type { AgentHandle } from "./agent-handle.ts";
import type { AgentQuestion, OpenedRequest } from "./agent-server.ts";
import { parsed } from "./body.ts";
import { callAnswerOf } from "./call-answer.ts";
import { runEvents, runEventsHeaders } from "./run-events.ts";

type Routes<Env> = Hono<{ Bindings: Env & object; Variables: OpenedRequest }>;

const name = z.string().check(z.regex(/^[\w.~-]{1,128}$/));
const executeBody = z.strictObject({
  agentType: z.optional(z.string().check(z.maxLength(64))),
  message: z.string().check(z.minLength(1)),
  sessionId: z.optional(name),
  runId: z.optional(z.string()),
});
const runBody = z.strictObject({ runId: z.optional(z.string()) });

/** The addresses of an `AgentServer`. */
export function agentRoutes<Env>(
  basePath: string,
  open: (request: Request, env: Env) => Promise<OpenedRequest>,
): Routes<Env> {
  const routes: Routes<Env> = new Hono<{ Bindings: Env & object; Variables: OpenedRequest }>().basePath(
    basePath,
  );
  routes.onError((thrown) => problemResponse(thrown, crypto.randomUUID()));
  routes.notFound(() =>
    problemResponse(new SessileError("not_found", "There is nothing at this address."), crypto.randomUUID()),
  );
  routes.use("*", async (context, next) => {
    assertSameOrigin(context.req.raw, []);
    const { executor, require } = await open(context.req.raw, context.env);
    context.set("executor", executor);
    context.set("require", require);
    await next();
    context.res = withSafeHeaders(context.res, true);
  });

  addWrites(routes, basePath);
  addReads(routes);
  return routes;
}

function addWrites<Env>(routes: Routes<Env>, basePath: string): void {
  routes.post("/execute", async (context) => {
    const body = parsed(executeBody, await readObject(context.req.raw));
    const { agentType, message, sessionId = crypto.randomUUID(), runId } = body;
    await context.var.require("write", sessionId);
    const options = { sessionId, ...(runId === undefined ? {} : { runId }) };
    const handle = await context.var.executor.execute(agentType, message, options);
    return Response.json(started(handle, basePath), { status: 201 });
  });

  routes.post("/chat/:sessionId/resume", async (context) => {
    const sessionId = await allowed(context, "write");
    const { runId } = parsed(runBody, await readObject(context.req.raw, {}));
    const handle = await context.var.executor.resume(sessionId, runId === undefined ? {} : { runId });
    return Response.json(started(handle, basePath), { status: 201 });
  });

  for (const how of ["interrupt", "abort"] as const)
    routes.post(`/chat/:sessionId/${how}`, async (context) => {
      const sessionId = await allowed(context, "write");
      const { runId } = parsed(runBody, await readObject(context.req.raw, {}));
      return Response.json(await stopped(context.var.executor, how, sessionId, runId));
    });

  routes.post("/chat/:sessionId/answer", async (context) => {
    const sessionId = await allowed(context, "approve");
    const { callId, ...answer } = callAnswerOf(await readObject(context.req.raw));
    const outcome = await context.var.executor.answer(sessionId, callId, answer);
    const at = new Date(outcome.at).toISOString();
    return Response.json({ sessionId, callId, ...gateEnd(outcome), at });
  });
  takesOnly(
    routes,
    ["POST"],
    [
      "/execute",
      "/chat/:sessionId/resume",
      "/chat/:sessionId/answer",
      "/chat/:sessionId/interrupt",
      "/chat/:sessionId/abort",
    ],
  );
}

function addReads<Env>(routes: Routes<Env>): void {
  routes.get("/stream/:sessionId", async (context) => {
    const [executor, sessionId] = [context.var.executor, await allowed(context, "read")];
    const handle = await handleOf(executor, sessionId);
    // Nobody would read the events, and nobody end them.
    if (context.req.method === "HEAD") return new Response(null, { headers: runEventsHeaders });
    return runEvents(
      handle,
      await handle.info(),
      context.req.header("last-event-id") ?? context.req.header("x-resume-from-sequence"),
    );
  });

  routes.get("/result/:sessionId", async (context) => {
    const [executor, sessionId] = [context.var.executor, await allowed(context, "read")];
    const wait = integerParam(context.req.query("wait"), "wait", 0, 0, maxWaitSeconds);
    const handle = await handleOf(executor, sessionId);
    const run = await (wait === 0 ? handle.info() : handle.settled(AbortSignal.timeout(wait * 1000)));
    const gates = run.pending.length === 0 ? [] : await executor.gates(sessionId);
    return Response.json(shown(sessionId, run, gates), { status: run.status === "running" ? 202 : 200 });
  });

  routes.get("/usage/:sessionId", async (context) => {
    const sessionId = await allowed(context, "read");
    return Response.json(await context.var.executor.usage(sessionId));
  });
  takesOnly(routes, ["GET", "HEAD"], ["/stream/:sessionId", "/result/:sessionId", "/usage/:sessionId"]);
}

/** Comes after the routes that answer. */
function takesOnly<Env>(routes: Routes<Env>, methods: readonly string[], paths: readonly string[]): void {
  for (const path of paths)
    routes.all(path, () => {
      throw new MethodNotAllowed(methods);
    });
}

type Asked = Context<{ Variables: OpenedRequest }>;

/** @returns the session that the address names, if whoever asks may do this there */
async function allowed(context: unknown, action: AgentQuestion["action"]): Promise<string> {
  const { req, var: opened } = context as Asked;
  const sessionId = parsed(z.object({ sessionId: name }), {
    sessionId: req.param("sessionId") ?? "",
  }).sessionId;
  await opened.require(action, sessionId);
  return sessionId;
}

async function stopped(
  executor: AgentExecutor,
  how: RunStop,
  sessionId: string,
  runId?: string,
): Promise<object> {
  const run = await executor.newest(sessionId);
  const isStopped = await (how === "abort"
    ? executor.abort(sessionId, runId)
    : executor.interrupt(sessionId, runId));
  if (isStopped) return { sessionId, runId: run.runId, stopped: true };
  throw new SessileError("conflict", "This run goes on no longer.", { field: "runId", current: run.status });
}

async function handleOf(executor: AgentExecutor, sessionId: string): Promise<AgentHandle> {
  const handle = await executor.getHandle(null, sessionId);
  if (handle) return handle;
  throw new SessileError("not_found", "There is no run in this session.", { field: "sessionId" });
}

function started({ sessionId, runId }: AgentHandle, basePath: string): object {
  const at = (what: string) => `${basePath}/${what}/${sessionId}`;
  return { sessionId, runId, streamUrl: at("stream"), resultUrl: at("result") };
}

function shown(
  sessionId: string,
  { startedAt, endedAt, startSeq, ...run }: RunInfo,
  gates: readonly Gate[],
): object {
  return {
    sessionId,
    ...run,
    pending: run.pending.flatMap(({ gateId: callId, ...call }) => {
      const gate = gates.find((one) => one.gateId === callId);
      return gate ? [{ callId, ...call, ...askedIn(gate) }] : [];
    }),
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
  };
}

/** What whoever answers has to know. */
function askedIn({ title, detail, options, call, questions, isEditable, expiresAt }: Gate): object {
  return {
    title,
    detail,
    options,
    arguments: call?.arguments ?? null,
    argumentsHash: call?.argumentsHash ?? null,
    ...(questions ? { questions } : {}),
    isEditable: isEditable === true,
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
}
