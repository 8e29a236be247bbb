import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import { isLifecycle } from "../../protocol/lifecycle.ts";
import { type ListOptions, listOrders, type SessionRecord } from "../../record/index.ts";
import { integerParam } from "../query.ts";

/** `GET /v1/sessions?kind=&status=&lifecycle=&q=&order=&limit=&cursor=` */
export async function listSessionsPage(
  record: SessionRecord,
  query: Record<string, string>,
  actor: Actor | null,
): Promise<Response> {
  const { kind, status, lifecycle, q, order, cursor } = query;
  if (lifecycle !== undefined && !isLifecycle(lifecycle))
    throw new SessileError("bad_request", "lifecycle is none of the known ones.", { field: "lifecycle" });
  const knownOrder = listOrders.find((name) => name === order);
  if (order !== undefined && !knownOrder)
    throw new SessileError("bad_request", `order is one of: ${listOrders.join(", ")}.`, { field: "order" });
  const options: ListOptions = {
    visibleTo: actor?.id ?? null,
    limit: integerParam(query.limit, "limit", 20, 1, 100),
    ...(kind === undefined ? {} : { kind }),
    ...(status === undefined ? {} : { status }),
    ...(lifecycle === undefined ? {} : { lifecycle }),
    ...(q === undefined ? {} : { q }),
    ...(knownOrder === undefined ? {} : { order: knownOrder }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  const page = await record.listSessions(options);
  // With whom a session is shared stands in the session.
  return Response.json({ ...page, items: page.items.map(({ readerIds: _readers, ...item }) => item) });
}
