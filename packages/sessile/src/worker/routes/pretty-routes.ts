import type { App, AppContext } from "../app.ts";
import { decodedName } from "../decoded-name.ts";
import { behindMiddleware } from "../kind-middleware.ts";
import { openSession } from "../open-session.ts";
import type { SessileOptions } from "../options.ts";
import { RouteTable } from "../route-table.ts";
import { showView } from "../show-view.ts";
import { isWebSocket, openAgentSocket, withPath } from "./agents-routes.ts";
import { isUpgrade } from "./session-routes.ts";

interface Found {
  readonly kind: string;
  readonly name: string;
  readonly suffix: readonly string[];
}

/** `/{route}/{name}`: a socket, a page for a browser, the view as JSON; any suffix goes to the kind's `onRequest`. */
export function addPrettyRoutes<Env>(app: App<Env>, options: SessileOptions<Env>): void {
  const routeTable = new RouteTable(options.kinds);
  app.all("/*", async (context, next) => {
    const found = routeTable.find(new URL(context.req.url).pathname);
    if (!found) return next();
    const { kind, suffix } = found;
    const name = decodedName(found.name);
    return behindMiddleware(options, context, kind, name, () =>
      answer(options, context, next, { kind, name, suffix }),
    );
  });
}

async function answer<Env>(
  options: SessileOptions<Env>,
  context: AppContext<Env>,
  next: () => Promise<void>,
  { kind, name, suffix }: Found,
): Promise<Response | undefined> {
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
  const session = await openSession(options, request, context.env, kind, name);
  const { target, actor } = session;
  await session.require(isRead ? "read" : "write");
  if (isUpgrade(request)) return target.forward(withPath(request, suffix), actor, await session.rights());
  if (suffix.length > 0 || !isRead) return target.forward(withPath(request, suffix), actor);
  if (isWebSocket(request)) return openAgentSocket(request, session, kind);
  return Response.json(showView(await target.ask({ op: "view" }, actor)));
}
