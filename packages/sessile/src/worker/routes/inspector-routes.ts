import { Hono } from "hono";
import { SessileError } from "../../protocol/error.ts";
import type { Inspection } from "../../protocol/inspection.ts";
import { MethodNotAllowed } from "../problem.ts";
import { readObject, type SessionVariables } from "./session-routes.ts";

/** True: what the page is told is served. With a page, that too: the text of `sessile/inspector.html`. */
export type InspectorOption = boolean | { readonly page: string };

type Routes = Hono<{ Variables: SessionVariables; Bindings: object }>;

/** All sessions, and one of them. */
const pages = ["/_sessile/inspect", "/_sessile/inspect/:kind/:name"];
const session = "/v1/sessions/:kind/:name";

/** Looking into one session, and the page that does so. Every address is dead where the deployment does not turn it on. */
export function inspectorRoutes(option: InspectorOption | undefined): Routes {
  const routes: Routes = new Hono();

  routes.get(`${session}/inspect`, async (context) => {
    await context.var.require("admin");
    assertOn(option, context.env);
    const { target, actor } = context.var;
    const withTables = context.req.query("tables") === "1";
    return Response.json(shown(await target.ask({ op: "inspect", withTables }, actor)));
  });

  routes.post(`${session}/inspect/sql`, async (context) => {
    await context.var.require("admin");
    assertOn(option, context.env);
    const { sql } = await readObject(context.req.raw);
    if (typeof sql !== "string")
      throw new SessileError("bad_request", "sql is a text: one statement that reads.", { field: "sql" });
    const { target, actor } = context.var;
    return Response.json(await target.ask({ op: "inspectSql", statement: sql }, actor));
  });

  routes.on("GET", pages, (context) => {
    const page = pageOf(option, context.env);
    if (page === null) throw nothingHere();
    return new Response(page, {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
      },
    });
  });

  for (const [path, methods] of [
    [`${session}/inspect`, ["GET", "HEAD"]],
    [`${session}/inspect/sql`, ["POST"]],
    ...pages.map((page) => [page, ["GET", "HEAD"]] as const),
  ] as const)
    routes.all(path, () => {
      throw new MethodNotAllowed(methods);
    });
  return routes;
}

/** The embedded server puts the page there, if only this machine reaches it. */
interface InspectorBinding {
  readonly SESSILE_INSPECTOR?: string;
}

function assertOn(option: InspectorOption | undefined, env: InspectorBinding): void {
  if (option === false || (!option && !env.SESSILE_INSPECTOR)) throw nothingHere();
}

function pageOf(option: InspectorOption | undefined, env: InspectorBinding): string | null {
  if (option === false) return null;
  return typeof option === "object" ? option.page : (env.SESSILE_INSPECTOR ?? null);
}

function nothingHere(): SessileError {
  return new SessileError("not_found", "This deployment has no inspector.");
}

/** Times as RFC 3339. */
function shown({ sockets, due, ...others }: Inspection): object {
  const timeOf = (at: number) => new Date(at).toISOString();
  return {
    ...others,
    sockets: {
      ...sockets,
      items: sockets.items.map(({ since, ...socket }) => ({ ...socket, since: since && timeOf(since) })),
    },
    due: due.map(({ dueAt, ...timer }) => ({ ...timer, dueAt: timeOf(dueAt) })),
  };
}
