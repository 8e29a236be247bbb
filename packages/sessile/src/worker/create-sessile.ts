import { type Context, Hono } from "hono";
import { directoryFeedName } from "../object/directory-feed.ts";
import { type Action, actions } from "../protocol/access.ts";
import { closeCodes, closeReason } from "../protocol/close-code.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import { subprotocol } from "../protocol/frame.ts";
import { Catalog } from "./catalog.ts";
import { importExport } from "./import-log.ts";
import { type Middleware, refusedUpgrade, runMiddleware } from "./middleware.ts";
import { needRecord } from "./need-record.ts";
import { nothingAt } from "./nothing-at.ts";
import { openInbox } from "./open-inbox.ts";
import type { SessileOptions, TokenAuthority } from "./options.ts";
import { MethodNotAllowed, problemResponse } from "./problem.ts";
import { RouteTable } from "./route-table.ts";
import { agentsRoutes, isWebSocket, kindOfAgent, openAgentSocket, withPath } from "./routes/agents-routes.ts";
import { archiveRoutes } from "./routes/archive-routes.ts";
import { chatRoutes } from "./routes/chat-routes.ts";
import { commandRoutes } from "./routes/command-routes.ts";
import { listSessionsPage } from "./routes/directory-routes.ts";
import { draftRoutes } from "./routes/draft-routes.ts";
import { gateRoutes } from "./routes/gate-routes.ts";
import { listInbox, policyRoutes } from "./routes/inbox-routes.ts";
import { inspectorRoutes } from "./routes/inspector-routes.ts";
import { partRoutes } from "./routes/part-routes.ts";
import { addQuotaHeaders, clientOf, quotaAnswer } from "./routes/quota-routes.ts";
import { runRoutes } from "./routes/run-routes.ts";
import { isUpgrade, type SessionVariables, sessionRoutes } from "./routes/session-routes.ts";
import { sessionStreamRoutes } from "./routes/session-stream-routes.ts";
import { standaloneStreamRoutes, streamKind } from "./routes/standalone-stream-routes.ts";
import { streamRoutes } from "./routes/stream-routes.ts";
import { summaryRoutes } from "./routes/summary-routes.ts";
import { tokenRoutes } from "./routes/token-routes.ts";
import { withSafeHeaders } from "./safe-headers.ts";
import { assertSameOrigin } from "./same-origin.ts";
import { asActor, SessionTarget } from "./session-stub.ts";
import { showView } from "./show-view.ts";
import { assertMay, identified, may } from "./who-may.ts";

/** Types of the Hono app that `createSessile` returns. */
export interface AppTypes<Env> {
  Bindings: Env & object;
  Variables: SessionVariables & { readonly requestId: string };
}

/**
 * The HTTP and WebSocket face of a deployment, as a Hono app: serve it as it is (`export default createSessile(…)`), or
 * mount it into your own with `app.route("/", createSessile(…))`.
 */
export function createSessile<Env>(options: SessileOptions<Env>): Hono<AppTypes<Env>> {
  assertChat(options);
  const routeTable = new RouteTable(options.kinds);
  const app = new Hono<AppTypes<Env>>();
  app.onError((thrown, context) =>
    refuse(context.req.raw, thrown, context.get("requestId") ?? crypto.randomUUID()),
  );
  app.use("*", async (context, next) => {
    context.set("requestId", crypto.randomUUID());
    assertSameOrigin(context.req.raw, options.allowedOrigins ?? []);
    await next();
    const answer = withSafeHeaders(context.res, /^\/(?:v1|_sessile|api\/chat)\//.test(context.req.path));
    if (answer !== context.res) context.res = answer;
  });

  app.get("/v1/sessions", async (context) => {
    const kind = context.req.query("kind");
    if (kind !== undefined && !Object.hasOwn(options.kinds, kind))
      throw new SessileError("not_found", "There is no such kind of session.", { field: "kind" });
    return behindMiddleware(options, context, kind ?? null, null, async () => {
      const actor = await requireAccess(options, context, "read", kind ?? "*");
      if (isWebSocket(context.req.raw)) return upgradeFeed(options, context, kind, actor);
      const record = needRecord(options.record?.(context.env));
      return listSessionsPage(record, context.req.query(), actor);
    });
  });

  app.all("/v1/sessions", () => {
    throw new MethodNotAllowed(["GET", "HEAD"]);
  });

  app.get("/v1/gates", async (context) => {
    const { kind } = context.req.query();
    if (kind !== undefined && !Object.hasOwn(options.kinds, kind))
      throw new SessileError("not_found", "There is no such kind of session.", { field: "kind" });
    return behindMiddleware(options, context, kind ?? null, null, async () => {
      await requireAccess(options, context, "read", kind ?? "*");
      return listInbox(await openInbox(options, context.req.raw, context.env), context.req.query());
    });
  });
  app.all("/v1/gates", () => {
    throw new MethodNotAllowed(["GET", "HEAD"]);
  });
  const policies = policyRoutes((request, env) => openInbox(options, request, env as Env));
  app.route("/v1/gates/policies", policies as unknown as Hono<AppTypes<Env>>);

  const catalog = new Catalog(options);
  app.get("/_sessile/catalog", async (context) => {
    const actor = await identified(options, context.req.raw, context.env);
    // A kind whose middleware fails is hidden like one whose middleware refuses.
    const passes = (kind: string) =>
      assertPasses(options, context, kind, null).then(
        () => true,
        () => false,
      );
    return Response.json({ items: await catalog.list(context.env, actor, passes) });
  });
  app.all("/_sessile/catalog", () => {
    throw new MethodNotAllowed(["GET", "HEAD"]);
  });

  const { tokens } = options;
  if (tokens)
    app.route("/v1/tokens", tokenRoutes(tokens as TokenAuthority<unknown>) as unknown as Hono<AppTypes<Env>>);

  const { quotas } = options;
  if (quotas)
    app.get("/v1/quota", async (context) => {
      const request = context.req.raw;
      const actor = await identified(options, request, context.env);
      return quotaAnswer(quotas, actor, await clientOf(quotas, request, context.env), context.env);
    });

  app.post("/v1/sessions/import", async (context) => {
    const actor = await identified(options, context.req.raw, context.env);
    const body = context.req.raw.body;
    if (!body) throw new SessileError("bad_request", "The body is an export.", { field: "body" });
    const open = async (kind: string, name: string): Promise<SessionTarget> => {
      const target = new SessionTarget(context.env, options.kinds, kind, name);
      await assertPasses(options, context, kind, name);
      await assertMay(options, context.env, { actor, action: "admin", kind, name });
      return target;
    };
    const record = options.record?.(context.env) ?? null;
    return Response.json(await importExport(body, { actor, record, open }), { status: 201 });
  });

  const perSession = async (context: Context<AppTypes<Env>>, kind: string, name: string): Promise<void> => {
    const { target, actor, require, rights } = await openSession(
      options,
      context.req.raw,
      context.env,
      kind,
      name,
    );
    context.set("target", target);
    context.set("actor", actor);
    context.set("require", require);
    context.set("rights", rights);
  };

  const { chat } = options;
  if (chat) {
    const routes = chatRoutes((request, env, name) =>
      openSession(options, request, env as Env, chat.kind, name),
    );
    const path = chat.path ?? "/api/chat";
    app.use(`${path}/*`, async (context, next) => {
      const [name = ""] = context.req.path.slice(path.length + 1).split("/");
      return behindMiddleware(options, context, chat.kind, name === "" ? null : decoded(name), next);
    });
    app.route(path, routes as unknown as Hono<AppTypes<Env>>);
  }

  app.use("/v1/sessions/:kind/:name/*", async (context, next) => {
    const { kind, name } = context.req.param();
    return behindMiddleware(options, context, kind, name, async () => {
      await perSession(context, kind, name);
      await next();
      addQuotaHeaders(context.res.headers, context.var.target.quota);
    });
  });
  const archive = archiveRoutes((env) => options.record?.(env as Env) ?? null);
  app.route("/v1/sessions/:kind/:name", archive as unknown as Hono<AppTypes<Env>>);
  app.route("/v1/sessions/:kind/:name", commandRoutes() as unknown as Hono<AppTypes<Env>>);
  const streamOptions = { ...options.streams, allowedOrigins: options.allowedOrigins ?? [] };
  const oneStream = sessionStreamRoutes(streamOptions);
  app.route("/v1/sessions/:kind/:name", oneStream as unknown as Hono<AppTypes<Env>>);
  app.route("/v1/sessions/:kind/:name", streamRoutes() as unknown as Hono<AppTypes<Env>>);
  app.route("/v1/sessions/:kind/:name", gateRoutes() as unknown as Hono<AppTypes<Env>>);
  app.route("/v1/sessions/:kind/:name", runRoutes() as unknown as Hono<AppTypes<Env>>);
  app.route("/v1/sessions/:kind/:name", draftRoutes() as unknown as Hono<AppTypes<Env>>);
  app.route("/v1/sessions/:kind/:name", partRoutes() as unknown as Hono<AppTypes<Env>>);
  app.route("/v1/sessions/:kind/:name", summaryRoutes() as unknown as Hono<AppTypes<Env>>);
  app.route("/v1/sessions/:kind/:name", sessionRoutes() as unknown as Hono<AppTypes<Env>>);
  app.route("/", inspectorRoutes(options.inspector) as unknown as Hono<AppTypes<Env>>);
  if (options.streams) {
    const streams = standaloneStreamRoutes<Env>({
      ...options.streams,
      allowedOrigins: options.allowedOrigins ?? [],
      require: async (context, action, name) => {
        await requireAccess(options, context as unknown as Context<AppTypes<Env>>, action, streamKind, name);
      },
    });
    app.route("/", streams as unknown as Hono<AppTypes<Env>>);
  }
  const agents = agentsRoutes(options.kinds, (request, env, kind, name) =>
    openSession(options, request, env as Env, kind, name),
  );
  app.use("/agents/:agent/:name/*", async (context, next) => {
    const { agent, name } = context.req.param();
    return behindMiddleware(options, context, kindOfAgent(options.kinds, agent), name, next);
  });
  app.route("/agents", agents as unknown as Hono<AppTypes<Env>>);
  app.all("/v1/*", ({ req }) => {
    throw nothingAt(req.path);
  });

  app.all("/*", async (context, next) => {
    const found = routeTable.find(new URL(context.req.url).pathname);
    if (!found) return next();
    const { kind, suffix } = found;
    const name = decoded(found.name);
    return behindMiddleware(options, context, kind, name, () =>
      prettyAddress(context, next, kind, name, suffix),
    );
  });

  /** `/{route}/{name}`: a socket, a page for a browser, the view as JSON; any suffix goes to the kind's `onRequest`. */
  const prettyAddress = async (
    context: Context<AppTypes<Env>>,
    next: () => Promise<void>,
    kind: string,
    name: string,
    suffix: readonly string[],
  ): Promise<Response | undefined> => {
    const request = context.req.raw;
    const isRead = request.method === "GET" || request.method === "HEAD";
    const wantsPage =
      isRead && suffix.length === 0 && (request.headers.get("accept") ?? "").includes("text/html");
    if (wantsPage && !isWebSocket(request)) {
      const page = options.kinds[kind]?.page ?? options.page;
      if (page) return page(request, context.env);
      await next();
      return undefined;
    }
    await perSession(context, kind, name);
    const { target, actor } = context.var;
    await context.var.require(isRead ? "read" : "write");
    if (isUpgrade(request))
      return target.forward(withPath(request, suffix), actor, await context.var.rights());
    if (suffix.length > 0 || !isRead) return target.forward(withPath(request, suffix), actor);
    if (isWebSocket(request)) return openAgentSocket(request, context.var, kind);
    return Response.json(showView(await target.ask({ op: "view" }, actor)));
  };

  return app;
}

/** @throws SessileError `bad_request` */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new SessileError("bad_request", "The name in this address is not encoded properly.", {
      field: "name",
    });
  }
}

/** A kind's middleware; for all kinds that of each, once. */
function middlewareOf<Env>({ kinds }: SessileOptions<Env>, kind: string | null): readonly Middleware<Env>[] {
  if (kind === null) return [...new Set(Object.values(kinds).flatMap(({ middleware = [] }) => middleware))];
  return (Object.hasOwn(kinds, kind) ? kinds[kind]?.middleware : undefined) ?? [];
}

/** Answers a request behind its kind's middleware. @throws SessileError if that refuses a socket */
async function behindMiddleware<Env>(
  options: SessileOptions<Env>,
  context: Context<AppTypes<Env>>,
  kind: string | null,
  name: string | null,
  answer: () => Promise<unknown>,
): Promise<Response | undefined> {
  const chain = middlewareOf(options, kind);
  if (chain.length === 0) return answerOf(await answer());
  const { raw: request } = context.req;
  const asked = { request, env: context.env as Env, kind, name, stash: new Map() };
  const response = await runMiddleware(chain, asked, async (changed) => {
    context.req.raw = changed;
    return answerOf(await answer()) ?? context.res;
  });
  // Hono would write the headers of the answer there is over those of the one that takes its place.
  if (context.finalized) context.res = undefined;
  if (isWebSocket(request) && response.status !== 101) throw refusedUpgrade(response.status);
  context.res = response;
  return response;
}

/** A handler answers with a response, or leaves one in its context. */
function answerOf(answered: unknown): Response | undefined {
  return answered instanceof Response ? answered : undefined;
}

/** For one session, or kind, of many in a request: its middleware is asked, and its answer means only yes or no. @throws SessileError */
async function assertPasses<Env>(
  options: SessileOptions<Env>,
  context: Context<AppTypes<Env>>,
  kind: string,
  name: string | null,
): Promise<void> {
  let passed = false;
  const { url, method, headers } = context.req.raw;
  // Without the body: it is being read, and another request could not be made of it.
  const request = new Request(url, { method, headers });
  const asked = { request, env: context.env as Env, kind, name, stash: new Map() };
  await runMiddleware(middlewareOf(options, kind), asked, async () => {
    passed = true;
    return new Response(null, { status: 204 });
  });
  if (!passed) throw new SessileError("forbidden", `The kind ${kind} refuses this.`);
}

/** A session as this request's sender may use it. @throws SessileError */
async function openSession<Env>(
  options: SessileOptions<Env>,
  request: Request,
  env: Env,
  kind: string,
  name: string,
): Promise<SessionVariables> {
  const client = await clientOf(options.quotas, request, env);
  const target = new SessionTarget(env, options.kinds, kind, name, client);
  const actor = await identified(options, request, env);
  return {
    target,
    actor,
    require: (action) => assertMay(options, env, { actor, action, kind, name }),
    rights: async () => {
      const asked = actions.map(async (action) =>
        (await may(options, env, { actor, action, kind, name })) ? [action] : [],
      );
      return (await Promise.all(asked)).flat();
    },
  };
}

async function requireAccess<Env>(
  options: SessileOptions<Env>,
  context: Context<AppTypes<Env>>,
  action: Action,
  kind: string,
  name?: string,
): Promise<Actor | null> {
  const actor = await identified(options, context.req.raw, context.env);
  await assertMay(options, context.env, { actor, action, kind, ...(name === undefined ? {} : { name }) });
  return actor;
}

function upgradeFeed<Env>(
  options: SessileOptions<Env>,
  context: Context<AppTypes<Env>>,
  kind: string | undefined,
  actor: Actor | null,
): Promise<Response> {
  const namespace =
    options.feed === undefined
      ? undefined
      : ((context.env as { readonly [name: string]: unknown })[options.feed] as
          | DurableObjectNamespace
          | undefined);
  if (!namespace)
    throw new SessileError("not_configured", "This deployment has no live directory. Poll the list instead.");
  // The kind that was asked about, and no other reading of the same address.
  const url = new URL(context.req.url);
  url.search = kind === undefined ? "" : `?kind=${kind}`;
  return namespace.getByName(directoryFeedName).fetch(new Request(url, asActor(context.req.raw, actor)));
}

/**
 * An error as problem details. For a socket, of whatever protocol, the answer is an accepted one that is closed with a code:
 * a client cannot read the status of a refused upgrade, and stock ones would retry for ever.
 */
function refuse(request: Request, thrown: unknown, requestId: string): Response {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
    return problemResponse(thrown, requestId);
  const error = SessileError.from(thrown);
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  server.send(JSON.stringify({ t: "error", error: error.toWire() }));
  server.close(closeCodeOf(error), closeReason(error.message));
  return new Response(null, {
    status: 101,
    webSocket: client,
    // Naming a protocol that was not offered would make the client fail before it reads the code.
    headers: isUpgrade(request) ? { "sec-websocket-protocol": subprotocol } : {},
  });
}

function closeCodeOf(error: SessileError): number {
  if (error.retryable || error.code === "internal") return closeCodes.restart;
  if (error.code === "unauthenticated") return closeCodes.unauthenticated;
  if (error.code === "forbidden") return closeCodes.forbidden;
  return error.code === "not_found" ? closeCodes.notFound : closeCodes.protocolError;
}

function assertChat<Env>({ kinds, chat }: SessileOptions<Env>): void {
  if (chat && !Object.hasOwn(kinds, chat.kind)) throw new TypeError(`chat: there is no kind "${chat.kind}".`);
}
