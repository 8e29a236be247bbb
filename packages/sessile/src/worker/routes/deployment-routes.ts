import { directoryFeedName } from "../../object/directory-feed.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import { type App, type AppContext, mount } from "../app.ts";
import { Catalog } from "../catalog.ts";
import { importExport } from "../import-log.ts";
import { assertPasses, behindMiddleware, passes } from "../kind-middleware.ts";
import { needRecord } from "../need-record.ts";
import { openInbox } from "../open-inbox.ts";
import { requireAccess } from "../open-session.ts";
import type { SessileOptions, TokenAuthority } from "../options.ts";
import { MethodNotAllowed } from "../problem.ts";
import { asActor, SessionTarget } from "../session-stub.ts";
import { assertMay, identified } from "../who-may.ts";
import { isWebSocket } from "./agents-routes.ts";
import { listSessionsPage } from "./directory-routes.ts";
import { listInbox, policyRoutes } from "./inbox-routes.ts";
import { clientOf, quotaAnswer } from "./quota-routes.ts";
import { tokenRoutes } from "./token-routes.ts";

/** What is asked of the deployment and not of one session: its list, its inbox, its kinds, tokens and quotas; and imports. */
export function addDeploymentRoutes<Env>(app: App<Env>, options: SessileOptions<Env>): void {
  addList(app, options);
  addInbox(app, options);
  addCatalog(app, options);
  if (options.tokens) mount(app, "/v1/tokens", tokenRoutes(options.tokens as TokenAuthority<unknown>));
  addQuota(app, options);
  addImport(app, options);
}

function addList<Env>(app: App<Env>, options: SessileOptions<Env>): void {
  app.get("/v1/sessions", async (context) => {
    const kind = knownKind(options, context.req.query("kind"));
    return behindMiddleware(options, context, kind ?? null, null, async () => {
      const actor = await requireAccess(options, context, "read", kind ?? "*");
      if (isWebSocket(context.req.raw)) return upgradeFeed(options, context, kind, actor);
      const record = needRecord(options.record?.(context.env));
      return listSessionsPage(record, context.req.query(), actor);
    });
  });
  readOnly(app, "/v1/sessions");
}

function addInbox<Env>(app: App<Env>, options: SessileOptions<Env>): void {
  app.get("/v1/gates", async (context) => {
    const kind = knownKind(options, context.req.query("kind"));
    return behindMiddleware(options, context, kind ?? null, null, async () => {
      await requireAccess(options, context, "read", kind ?? "*");
      return listInbox(await openInbox(options, context), context.req.query());
    });
  });
  readOnly(app, "/v1/gates");
  const policies = policyRoutes((context) => openInbox(options, context as never));
  mount(app, "/v1/gates/policies", policies);
}

function addCatalog<Env>(app: App<Env>, options: SessileOptions<Env>): void {
  const catalog = new Catalog(options);
  app.get("/_sessile/catalog", async (context) => {
    const actor = await identified(options, context.req.raw, context.env);
    const items = await catalog.list(context.env, actor, (kind) => passes(options, context, kind));
    return Response.json({ items });
  });
  readOnly(app, "/_sessile/catalog");
}

function addQuota<Env>(app: App<Env>, options: SessileOptions<Env>): void {
  const { quotas } = options;
  if (!quotas) return;
  app.get("/v1/quota", async (context) => {
    const request = context.req.raw;
    const actor = await identified(options, request, context.env);
    return quotaAnswer(quotas, actor, await clientOf(quotas, request, context.env), context.env);
  });
}

function addImport<Env>(app: App<Env>, options: SessileOptions<Env>): void {
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
}

function readOnly<Env>(app: App<Env>, path: string): void {
  app.all(path, () => {
    throw new MethodNotAllowed(["GET", "HEAD"]);
  });
}

/** @throws SessileError `not_found` */
function knownKind<Env>({ kinds }: SessileOptions<Env>, kind: string | undefined): string | undefined {
  if (kind !== undefined && !Object.hasOwn(kinds, kind))
    throw new SessileError("not_found", "There is no such kind of session.", { field: "kind" });
  return kind;
}

function upgradeFeed<Env>(
  options: SessileOptions<Env>,
  context: AppContext<Env>,
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
