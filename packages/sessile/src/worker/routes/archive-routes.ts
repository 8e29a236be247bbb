import { Hono } from "hono";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { RecordedSession, SessionRecord } from "../../record/index.ts";
import { restoreSession } from "../import-log.ts";
import { needRecord } from "../need-record.ts";
import { integerParam } from "../query.ts";
import { showSnapshot } from "../snapshot-page.ts";
import { exportResponse } from "../streams/export-stream.ts";
import type { SessionVariables } from "./session-routes.ts";

type Routes = Hono<{ Variables: SessionVariables }>;

/** Below one session: snapshots, the export, the anchored head, and the way back from the record. */
export function archiveRoutes(recordOf: (env: unknown) => SessionRecord | null): Routes {
  const routes: Routes = new Hono();

  routes.get("/snapshots", async (context) => {
    await context.var.require("read");
    const limit = integerParam(context.req.query("limit"), "limit", 20, 1, 100);
    const before = integerParam(
      context.req.query("cursor"),
      "cursor",
      Number.MAX_SAFE_INTEGER,
      1,
      Number.MAX_SAFE_INTEGER,
    );
    const { target, actor } = context.var;
    const { items } = await target.ask({ op: "snapshots", before, limit: limit + 1 }, actor);
    const shown = items.slice(0, limit);
    const hasMore = items.length > limit;
    return Response.json({
      items: shown.map(showSnapshot),
      nextCursor: hasMore ? String(shown.at(-1)?.toSeq) : null,
      hasMore,
    });
  });

  routes.post("/snapshots", async (context) => {
    await context.var.require("admin");
    const { snapshot } = await context.var.target.ask({ op: "seal" }, context.var.actor);
    if (snapshot) return Response.json(showSnapshot(snapshot), { status: 201 });
    const { items } = await context.var.target.ask({ op: "snapshots", limit: 1 }, context.var.actor);
    return Response.json(items[0] ? showSnapshot(items[0]) : null);
  });

  routes.get("/export", async (context) => {
    await context.var.require("read");
    return exportResponse(context.var.target, context.var.actor);
  });

  routes.get("/sync", async (context) => {
    await context.var.require("read");
    return Response.json(await context.var.target.ask({ op: "sync" }, context.var.actor));
  });

  routes.get("/head", async (context) => {
    await context.var.require("read");
    const { kind, name } = context.var.target;
    const session = await needRecord(recordOf(context.env)).getSession(kind, name);
    if (!session || !isReadable(session, context.var.actor))
      throw new SessileError("not_found", "The record does not know this session.");
    const { lastSeq, recordedSeq, head = null } = session;
    return Response.json({ kind, name, lastSeq, recordedSeq, head });
  });

  routes.delete("/", async (context) => {
    await context.var.require("admin");
    const { target, actor } = context.var;
    const free = integerParam(context.req.query("free"), "free", 0, 0, 1) === 1;
    const { deletedAt } = await target.ask({ op: "delete", free }, actor);
    const { kind, name } = target;
    return Response.json({ kind, name, deletedAt: new Date(deletedAt).toISOString() });
  });

  routes.post("/restore", async (context) => {
    await context.var.require("admin");
    const { target, actor } = context.var;
    const known = await needRecord(recordOf(context.env)).getSession(target.kind, target.name);
    if (known?.visibility !== undefined && known.ownerId !== actor?.id)
      throw new SessileError("not_found", "The record holds no events of this session.");
    return Response.json(await restoreSession(target, needRecord(recordOf(context.env)), actor), {
      status: 201,
    });
  });

  return routes;
}

/** The object is not asked here: what the record says of it decides. */
function isReadable(
  { visibility = "public", readerIds = [] }: RecordedSession,
  actor: Actor | null,
): boolean {
  return visibility === "public" || (actor !== null && readerIds.includes(actor.id));
}
