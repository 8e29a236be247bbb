import { type Context, Hono } from "hono";
import type { Action } from "../../protocol/access.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { SharedPolicy } from "../../protocol/gate-policy.ts";
import type { GatePolicyStore, RecordedGate, SessionRecord } from "../../record/index.ts";
import { needRecord } from "../need-record.ts";
import { policyOf } from "../policy-body.ts";
import { MethodNotAllowed } from "../problem.ts";
import { integerParam } from "../query.ts";
import { readObject } from "./session-routes.ts";

/** Whoever asks, and what the deployment lets them do. */
export interface InboxCaller {
  readonly actor: Actor | null;
  readonly record: SessionRecord | null;
  /** Policies beyond one session; null where there are none. */
  readonly policies: GatePolicyStore | null;
  readonly kinds: readonly string[];
  may(action: Action, kind: string, name?: string): Promise<boolean>;
  /** Whether the kind's middleware lets this request through. */
  passes(kind: string): Promise<boolean>;
  /** @throws SessileError `forbidden` if the kind's middleware does not let this request through */
  assertPasses(kind: string): Promise<void>;
  /** @throws SessileError `unauthenticated`, `forbidden` */
  require(action: Action, kind: string): Promise<void>;
}

/** Pages that are looked through for one of which the caller may see enough. */
const maxPages = 5;

/** `GET /v1/gates?kind=&mine=&limit=&cursor=`: what waits in all sessions that the caller may read. */
export async function listInbox(caller: InboxCaller, query: Record<string, string>): Promise<Response> {
  const { actor } = caller;
  const record = needRecord(caller.record);
  const limit = integerParam(query.limit, "limit", 20, 1, 100);
  const isMine = query.mine === "1";
  const items: (Omit<RecordedGate, "cursor"> & { readonly mayAnswer: boolean })[] = [];
  let { cursor } = query;
  let hasMore = true;
  for (let pages = 0; hasMore && items.length < limit && pages < maxPages; pages++) {
    const page = await record.listGates({
      visibleTo: actor?.id ?? null,
      limit,
      ...(query.kind === undefined ? {} : { kind: query.kind }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    hasMore = page.hasMore;
    for (const item of page.items) {
      if (items.length === limit) {
        hasMore = true;
        break;
      }
      const { cursor: after, ...shown } = item;
      const { kind, name, gate } = item;
      cursor = after;
      if (!caller.kinds.includes(kind) || !(await caller.may("read", kind, name))) continue;
      const isFor = gate.eligible === undefined || (actor !== null && gate.eligible.includes(actor.id));
      const mayAnswer = isFor && (await caller.may("approve", kind, name));
      if (mayAnswer || !isMine) items.push({ ...shown, mayAnswer });
    }
  }
  return Response.json({ items, nextCursor: hasMore ? (cursor ?? null) : null, hasMore });
}

/** `/v1/gates/policies`: what is always allowed beyond one session. */
export function policyRoutes(open: (context: Context) => Promise<InboxCaller>): Hono {
  const routes = new Hono();

  routes.get("/", async (context) => {
    const caller = await open(context);
    const { kind } = context.req.query();
    const store = storeOf(caller);
    const kinds = kind === undefined ? caller.kinds : caller.kinds.filter((known) => known === kind);
    const shown: SharedPolicy[] = [];
    for (const one of kinds) {
      if (!(await caller.passes(one)) || !(await caller.may("read", one))) continue;
      const seesAll = await caller.may("admin", one);
      shown.push(
        ...(await store.list({ kind: one, ...(seesAll ? {} : { userId: caller.actor?.id ?? null }) })),
      );
    }
    return Response.json({ items: shown.sort((left, right) => right.createdAt - left.createdAt) });
  });

  routes.post("/", async (context) => {
    const caller = await open(context);
    const { kind, scope, ...pattern } = policyOf(await readObject(context.req.raw));
    if (!caller.kinds.includes(kind))
      throw new SessileError("not_found", "There is no such kind of session.", { field: "kind" });
    await caller.assertPasses(kind);
    // What one's own calls may do is decided as an approval is; what everyone's may, as whatever concerns the whole kind.
    await caller.require(scope === "kind" ? "admin" : "approve", kind);
    if (!caller.actor)
      throw new SessileError("unauthenticated", "A policy is somebody's: say who you are first.");
    const policyId = crypto.randomUUID();
    const made = { ...pattern, policyId, kind, scope, by: caller.actor, createdAt: Date.now() };
    return Response.json(await storeOf(caller).add(made), { status: 201 });
  });

  routes.delete("/:policyId", async (context) => {
    const caller = await open(context);
    const store = storeOf(caller);
    const policyId = context.req.param("policyId");
    const policy = await store.find(policyId);
    const isOwn = policy !== null && caller.actor !== null && policy.by.id === caller.actor.id;
    if (!policy || !(isOwn || (await caller.may("admin", policy.kind))))
      throw new SessileError("not_found", "There is no such policy, or it is not yours.", {
        field: "policyId",
      });
    await caller.assertPasses(policy.kind);
    return Response.json(await store.revoke(policyId, caller.actor, Date.now()));
  });

  routes.all("/", () => {
    throw new MethodNotAllowed(["GET", "HEAD", "POST"]);
  });
  routes.all("/:policyId", () => {
    throw new MethodNotAllowed(["DELETE"]);
  });
  return routes;
}

function storeOf({ policies }: InboxCaller): GatePolicyStore {
  if (policies) return policies;
  throw new SessileError(
    "not_configured",
    "This deployment keeps no policies beyond one session: bind a D1 database as SESSILE_RECORD.",
  );
}
