import { Hono } from "hono";
import { SessileError } from "../../protocol/error.ts";
import type { GateRecord } from "../../protocol/gate.ts";
import { MethodNotAllowed } from "../problem.ts";
import { integerParam } from "../query.ts";
import { readObject, runOne, type SessionVariables } from "./session-routes.ts";

type Routes = Hono<{ Variables: SessionVariables }>;

const methodsByPath: { readonly [path: string]: readonly string[] } = {
  "/gates": ["GET", "HEAD"],
  "/gates/:gateId": ["GET", "HEAD", "POST"],
  "/policies": ["GET", "HEAD", "POST"],
  "/policies/:policyId": ["DELETE"],
};

/** Below one session: its gates, and what is always allowed in it. */
export function gateRoutes(): Routes {
  const routes: Routes = new Hono();

  routes.get("/gates", async (context) => {
    await context.var.require("read");
    const { target, actor } = context.var;
    const { status, cursor, limit: asked } = context.req.query();
    if (status !== undefined && status !== "waiting")
      throw new SessileError("bad_request", "status is waiting, or left out for all.", { field: "status" });
    if (status === "waiting") {
      const { gates } = await target.ask({ op: "view" }, actor);
      const items = Object.values(gates).map((gate) => shown({ gate, outcome: null }));
      return Response.json({ items, nextCursor: null, hasMore: false });
    }
    const limit = integerParam(asked, "limit", 100, 1, 1000);
    const after = integerParam(cursor, "cursor", 0, 0, Number.MAX_SAFE_INTEGER);
    const { gates } = await target.ask({ op: "gates", after, limit: limit + 1 }, actor);
    const page = gates.slice(0, limit);
    const hasMore = gates.length > limit;
    const nextCursor = hasMore ? String(page.at(-1)?.seq) : null;
    return Response.json({ items: page.map(shown), nextCursor, hasMore });
  });

  routes.get("/gates/:gateId", async (context) => {
    await context.var.require("read");
    const { target, actor } = context.var;
    const { gate } = await target.ask({ op: "gate", gateId: context.req.param("gateId") }, actor);
    if (!gate) throw new SessileError("not_found", "This session has no such gate.", { field: "gateId" });
    return Response.json(shown(gate));
  });

  routes.post("/gates/:gateId", async (context) => {
    await context.var.require("approve");
    return runOne(context.var, context.req.raw, {
      ...(await readObject(context.req.raw)),
      op: "answerGate",
      gateId: context.req.param("gateId"),
    });
  });

  routes.get("/policies", async (context) => {
    await context.var.require("read");
    const { policies = {} } = await context.var.target.ask({ op: "view" }, context.var.actor);
    return Response.json({ items: Object.values(policies) });
  });

  routes.post("/policies", async (context) => {
    await context.var.require("approve");
    return runOne(context.var, context.req.raw, { ...(await readObject(context.req.raw)), op: "addPolicy" });
  });

  routes.delete("/policies/:policyId", async (context) => {
    await context.var.require("approve");
    return runOne(context.var, context.req.raw, {
      op: "revokePolicy",
      policyId: context.req.param("policyId"),
    });
  });

  for (const [path, methods] of Object.entries(methodsByPath)) {
    routes.all(path, () => {
      throw new MethodNotAllowed(methods);
    });
  }
  return routes;
}

function shown({ gate, outcome }: GateRecord): object {
  return { ...gate, outcome };
}
