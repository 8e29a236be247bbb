import { Hono } from "hono";
import { SessileError } from "../../protocol/error.ts";
import type { Summary } from "../../protocol/summary.ts";
import { type UsageEntry, usageKinds } from "../../protocol/usage.ts";
import { MethodNotAllowed } from "../problem.ts";
import { integerParam } from "../query.ts";
import { readObject, type SessionVariables } from "./session-routes.ts";

type Routes = Hono<{ Variables: SessionVariables }>;

/** Below one session: its summaries, and what it has used. */
export function summaryRoutes(): Routes {
  const routes: Routes = new Hono();

  routes.get("/summaries", async (context) => {
    await context.var.require("read");
    const { before, limit } = pageOf(context.req.query());
    const { target, actor } = context.var;
    const { items } = await target.ask({ op: "summaries", before, limit: limit + 1 }, actor);
    return pageResponse(items, limit, (summary) => showSummary(target.name, summary));
  });

  routes.post("/summaries", async (context) => {
    await context.var.require("write");
    const { style = "brief" } = await readObject(context.req.raw, {});
    if (typeof style !== "string")
      throw new SessileError("bad_request", "style is a text.", { field: "style" });
    const { target, actor } = context.var;
    const { summary, isNew, cooldownRemaining } = await target.ask({ op: "summarize", style }, actor);
    if (!summary) return Response.json({ style, cooldownRemaining }, { status: 202 });
    return Response.json(
      { ...showSummary(target.name, summary), cooldownRemaining },
      { status: isNew ? 201 : 200 },
    );
  });

  routes.get("/usage", async (context) => {
    await context.var.require("read");
    return Response.json(await context.var.target.ask({ op: "usage" }, context.var.actor));
  });

  routes.get("/usage/entries", async (context) => {
    await context.var.require("read");
    const { kind } = context.req.query();
    if (kind !== undefined && !usageKinds.some((known) => known === kind))
      throw new SessileError("bad_request", `kind is one of: ${usageKinds.join(", ")}.`, { field: "kind" });
    const { before, limit } = pageOf(context.req.query());
    const { target, actor } = context.var;
    const { items } = await target.ask(
      { op: "usageEntries", before, limit: limit + 1, ...(kind === undefined ? {} : { kind }) },
      actor,
    );
    return pageResponse(items, limit, showEntry);
  });

  for (const path of ["/usage", "/usage/entries"]) {
    routes.all(path, () => {
      throw new MethodNotAllowed(["GET", "HEAD"]);
    });
  }
  routes.all("/summaries", () => {
    throw new MethodNotAllowed(["GET", "HEAD", "POST"]);
  });
  return routes;
}

function pageOf(query: Record<string, string>): { readonly before: number; readonly limit: number } {
  const most = Number.MAX_SAFE_INTEGER;
  return {
    before: integerParam(query.cursor, "cursor", most, 1, most),
    limit: integerParam(query.limit, "limit", 20, 1, 100),
  };
}

function pageResponse<Item extends { readonly seq: number }>(
  items: readonly Item[],
  limit: number,
  show: (item: Item) => object,
): Response {
  const shown = items.slice(0, limit);
  const hasMore = items.length > limit;
  return Response.json({
    items: shown.map(show),
    nextCursor: hasMore ? String(shown.at(-1)?.seq) : null,
    hasMore,
  });
}

/** A summary as HTTP shows it: with its session, times as RFC 3339. */
function showSummary(
  sessionId: string,
  { createdAt, seq: _seq, ...summary }: Summary & { seq?: number },
): object {
  return { ...summary, sessionId, createdAt: new Date(createdAt).toISOString() };
}

function showEntry({ at, ...entry }: UsageEntry): object {
  return { ...entry, createdAt: new Date(at).toISOString() };
}
