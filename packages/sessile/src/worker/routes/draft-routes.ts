import { Hono } from "hono";
import type { Draft } from "../../protocol/draft.ts";
import { SessileError } from "../../protocol/error.ts";
import { appended, readObject, runCommandOf, runOne, type SessionVariables } from "./session-routes.ts";

/** The one pending message: read, saved, cancelled, sent. Everyone sees only their own. */
export function draftRoutes(): Hono<{ Variables: SessionVariables }> {
  const routes: Hono<{ Variables: SessionVariables }> = new Hono();

  routes.get("/draft", async (context) => {
    await context.var.require("read");
    const draft = await ownDraft(context.var);
    return Response.json(
      { draft: draft && { ...draft, savedAt: new Date(draft.savedAt).toISOString() } },
      { headers: { "cache-control": "private, no-store" } },
    );
  });

  routes.put("/draft", async (context) => {
    await context.var.require("write");
    return runOne(context.var, context.req.raw, {
      ...(await readObject(context.req.raw)),
      op: "saveDraft",
    });
  });

  routes.delete("/draft", async (context) => {
    await context.var.require("write");
    const draftId = context.req.query("draftId") ?? (await pendingId(context.var));
    return runOne(context.var, context.req.raw, { op: "cancelDraft", draftId });
  });

  routes.post("/draft/send", async (context) => {
    await context.var.require("write");
    const body = await readObject(context.req.raw, {});
    const draftId = body.draftId ?? (await pendingId(context.var));
    const outcome = await runCommandOf(context.var, context.req.raw, { ...body, op: "sendDraft", draftId });
    return Response.json(await appended(context.var, outcome), { status: outcome.repeated ? 200 : 201 });
  });

  return routes;
}

/** Resolved once, so that what follows may be repeated without meaning another draft. */
async function pendingId(variables: SessionVariables): Promise<string> {
  const draft = await ownDraft(variables);
  if (draft) return draft.draftId;
  throw new SessileError("not_found", "No draft of yours is pending.", { field: "draftId" });
}

async function ownDraft({ target, actor }: SessionVariables): Promise<Draft | null> {
  return (await target.ask({ op: "draft" }, actor)).draft;
}
