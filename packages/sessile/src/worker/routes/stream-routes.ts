import { Hono, type HonoRequest } from "hono";
import { openReader } from "../../object/streams/stream-relays.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import { assertStreamId } from "../../protocol/ids.ts";
import type { StreamInfo } from "../../protocol/stream.ts";
import { type StreamAction, type StreamReplies, streamHeader } from "../../protocol/stream-request.ts";
import { integerParam } from "../query.ts";
import { asActor, type SessionTarget } from "../session-stub.ts";
import type { SessionVariables } from "./session-routes.ts";

/** What is used of a request's context. */
interface StreamContext {
  readonly req: HonoRequest;
  readonly var: SessionVariables;
}

/** The streams of one session: a list, and a way to stop one. */
export function streamRoutes(): Hono<{ Variables: SessionVariables }> {
  const routes: Hono<{ Variables: SessionVariables }> = new Hono();

  routes.get("/streams", async (context) => {
    await context.var.require("read");
    const { target, actor } = context.var;
    return Response.json(await streamsPage(target, actor, context.req));
  });

  routes.post("/streams/:streamId/cancel", async (context) => {
    await context.var.require("write");
    return Response.json(
      await askStream(context.var.target, context.var.actor, context.req.param("streamId"), { do: "cancel" }),
    );
  });

  return routes;
}

/** A page of a session's streams, newest first, as `?limit=&cursor=` ask for it. */
export async function streamsPage(
  target: SessionTarget,
  actor: Actor | null,
  request: HonoRequest,
): Promise<{
  readonly items: readonly StreamInfo[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}> {
  const most = Number.MAX_SAFE_INTEGER;
  const limit = integerParam(request.query("limit"), "limit", 20, 1, 100);
  const before = integerParam(request.query("cursor"), "cursor", most, 1, most);
  const { items } = await target.ask({ op: "streams", limit: limit + 1, before }, actor);
  const shown = items.slice(0, limit);
  const last = items.length > limit ? shown.at(-1) : undefined;
  return {
    items: shown,
    nextCursor: last ? String(last.openedSeq) : null,
    hasMore: last !== undefined,
  };
}

/** One action on one stream. @throws SessileError */
export async function askStream<Asked extends StreamAction>(
  target: SessionTarget,
  actor: Actor | null,
  streamId: string,
  action: Asked,
): Promise<StreamReplies[Asked["do"]]> {
  assertStreamId(streamId);
  return (await target.ask({ op: "stream", streamId, action }, actor)) as StreamReplies[Asked["do"]];
}

/** History, then live, over a WebSocket of any subprotocol or none. @throws SessileError `bad_request` for a plain request */
export async function openStreamSocket(context: StreamContext, streamId: string): Promise<Response> {
  await context.var.require("read");
  assertStreamId(streamId);
  const { target, actor } = context.var;
  if (context.req.header("upgrade")?.toLowerCase() !== "websocket")
    throw new SessileError(
      "bad_request",
      "A stream is read over a WebSocket here: this request asks for no upgrade.",
      { field: "upgrade" },
    );
  const { offset, generation } = context.req.query();
  integerParam(offset, "offset", 0, 0, Number.MAX_SAFE_INTEGER);
  integerParam(generation, "generation", 0, 0, Number.MAX_SAFE_INTEGER);
  return streamSocket(target, actor, streamId, new URL(context.req.url).search);
}

/**
 * The socket that a stream is read on, of its object or of a relay; `search` is its `?offset=&generation=&paced`.
 *
 * @throws SessileError
 */
export async function streamSocket(
  target: SessionTarget,
  actor: Actor | null,
  streamId: string,
  search = "",
): Promise<Response> {
  const upgrade = (): Request =>
    new Request(`https://session/${search}`, { headers: { upgrade: "websocket" } });
  const { relays } = target;
  return openReader(
    () => target.forward(upgrade(), actor, ["read"], { [streamHeader]: streamId }),
    relays && { ...relays, origin: { ...relays.origin, streamId } },
    (relay) => relay.fetch(asActor(upgrade(), actor)),
  );
}
