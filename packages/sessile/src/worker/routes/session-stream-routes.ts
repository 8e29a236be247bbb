import { Hono } from "hono";
import { answerStreamRequest, servedMethods } from "../../durable-streams/index.ts";
import { assertStreamId } from "../../protocol/ids.ts";
import type { StreamOptions } from "../options.ts";
import { problemResponse } from "../problem.ts";
import { SessionStream } from "../streams/session-stream.ts";
import { streamContentLimits } from "../streams/stream-content.ts";
import type { SessionVariables } from "./session-routes.ts";
import { openStreamSocket } from "./stream-routes.ts";

export interface SessionStreamOptions extends Partial<StreamOptions> {
  readonly allowedOrigins: readonly string[];
}

/** One stream of a session: a WebSocket for whoever asks for one, the Durable Streams protocol for everybody else. */
export function sessionStreamRoutes(options: SessionStreamOptions) {
  const routes = new Hono<{ Variables: SessionVariables & { readonly requestId: string } }>();
  routes.on([...servedMethods], "/streams/:streamId", async (context) => {
    const request = context.req.raw;
    const streamId = context.req.param("streamId");
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket")
      return openStreamSocket(context, streamId);
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (request.method !== "OPTIONS") await context.var.require(isRead ? "read" : "write");
    assertStreamId(streamId);
    const { target, actor } = context.var;
    return answerStreamRequest(new SessionStream(target, actor, streamId), request, {
      ...options,
      nameOf: () => null,
      maxBodyBytes: streamContentLimits.maxBodyBytes,
      problem: (thrown) => problemResponse(thrown, context.get("requestId")),
    });
  });
  return routes;
}
