import { Hono } from "hono";
import { type App, type AppTypes, mount } from "./app.ts";
import { decodedName } from "./decoded-name.ts";
import { behindMiddleware } from "./kind-middleware.ts";
import { nothingAt } from "./nothing-at.ts";
import { openSession, requireAccess } from "./open-session.ts";
import type { SessileOptions } from "./options.ts";
import { refusedRequest } from "./refused-request.ts";
import { agentsRoutes, kindOfAgent } from "./routes/agents-routes.ts";
import { archiveRoutes } from "./routes/archive-routes.ts";
import { chatRoutes } from "./routes/chat-routes.ts";
import { commandRoutes } from "./routes/command-routes.ts";
import { addDeploymentRoutes } from "./routes/deployment-routes.ts";
import { draftRoutes } from "./routes/draft-routes.ts";
import { gateRoutes } from "./routes/gate-routes.ts";
import { inspectorRoutes } from "./routes/inspector-routes.ts";
import { partRoutes } from "./routes/part-routes.ts";
import { addPrettyRoutes } from "./routes/pretty-routes.ts";
import { addQuotaHeaders } from "./routes/quota-routes.ts";
import { runRoutes } from "./routes/run-routes.ts";
import { sessionRoutes } from "./routes/session-routes.ts";
import { sessionStreamRoutes } from "./routes/session-stream-routes.ts";
import { standaloneStreamRoutes, streamKind } from "./routes/standalone-stream-routes.ts";
import { streamRoutes } from "./routes/stream-routes.ts";
import { summaryRoutes } from "./routes/summary-routes.ts";
import { withSafeHeaders } from "./safe-headers.ts";
import { assertSameOrigin } from "./same-origin.ts";

/**
 * The HTTP and WebSocket face of a deployment, as a Hono app: serve it as it is (`export default createSessile(…)`), or
 * mount it into your own with `app.route("/", createSessile(…))`.
 */
export function createSessile<Env>(options: SessileOptions<Env>): Hono<AppTypes<Env>> {
  assertChat(options);
  const app: App<Env> = new Hono();
  app.onError((thrown, context) =>
    refusedRequest(context.req.raw, thrown, context.get("requestId") ?? crypto.randomUUID()),
  );
  app.use("*", async (context, next) => {
    context.set("requestId", crypto.randomUUID());
    assertSameOrigin(context.req.raw, options.allowedOrigins ?? []);
    await next();
    const answer = withSafeHeaders(context.res, /^\/(?:v1|_sessile|api\/chat)\//.test(context.req.path));
    if (answer !== context.res) context.res = answer;
  });
  addDeploymentRoutes(app, options);
  addChat(app, options);
  addSession(app, options);
  mount(app, "/", inspectorRoutes(options.inspector));
  addStandaloneStreams(app, options);
  addAgents(app, options);
  app.all("/v1/*", ({ req }) => {
    throw nothingAt(req.path);
  });
  addPrettyRoutes(app, options);
  return app;
}

function addChat<Env>(app: App<Env>, options: SessileOptions<Env>): void {
  const { chat } = options;
  if (!chat) return;
  const path = chat.path ?? "/api/chat";
  app.use(`${path}/*`, async (context, next) => {
    const [name = ""] = context.req.path.slice(path.length + 1).split("/");
    return behindMiddleware(options, context, chat.kind, name === "" ? null : decodedName(name), next);
  });
  const routes = chatRoutes((request, env, name) =>
    openSession(options, request, env as Env, chat.kind, name),
  );
  mount(app, path, routes);
}

/** Everything below `/v1/sessions/{kind}/{name}`. */
function addSession<Env>(app: App<Env>, options: SessileOptions<Env>): void {
  const path = "/v1/sessions/:kind/:name";
  app.use(`${path}/*`, async (context, next) => {
    const { kind, name } = context.req.param();
    return behindMiddleware(options, context, kind, name, async () => {
      const session = await openSession(options, context.req.raw, context.env, kind, name);
      context.set("target", session.target);
      context.set("actor", session.actor);
      context.set("require", session.require);
      context.set("rights", session.rights);
      await next();
      addQuotaHeaders(context.res.headers, session.target.quota);
    });
  });
  const streamOptions = { ...options.streams, allowedOrigins: options.allowedOrigins ?? [] };
  for (const routes of [
    archiveRoutes((env) => options.record?.(env as Env) ?? null),
    commandRoutes(),
    sessionStreamRoutes(streamOptions),
    streamRoutes(),
    gateRoutes(),
    runRoutes(),
    draftRoutes(),
    partRoutes(),
    summaryRoutes(),
    sessionRoutes(),
  ])
    mount(app, path, routes);
}

function addStandaloneStreams<Env>(app: App<Env>, options: SessileOptions<Env>): void {
  if (!options.streams) return;
  const streams = standaloneStreamRoutes<Env>({
    ...options.streams,
    allowedOrigins: options.allowedOrigins ?? [],
    require: async (context, action, name) => {
      await requireAccess(options, context, action, streamKind, name);
    },
  });
  mount(app, "/", streams);
}

function addAgents<Env>(app: App<Env>, options: SessileOptions<Env>): void {
  app.use("/agents/:agent/:name/*", async (context, next) => {
    const { agent, name } = context.req.param();
    return behindMiddleware(options, context, kindOfAgent(options.kinds, agent), name, next);
  });
  const agents = agentsRoutes(options.kinds, (request, env, kind, name) =>
    openSession(options, request, env as Env, kind, name),
  );
  mount(app, "/agents", agents);
}

function assertChat<Env>({ kinds, chat }: SessileOptions<Env>): void {
  if (chat && !Object.hasOwn(kinds, chat.kind)) throw new TypeError(`chat: there is no kind "${chat.kind}".`);
}
