import { Hono } from "hono";
import { SessileError } from "../../protocol/error.ts";
import { activeStream, readHistory, resumeAnswer, sentAnswer, stopAnswer } from "../chat/chat-calls.ts";
import { ChatSocket } from "../chat/chat-socket.ts";
import { uiMessageHeaders, uiMessageResponse } from "../chat/chat-stream.ts";
import { MethodNotAllowed } from "../problem.ts";
import { addQuotaHeaders } from "./quota-routes.ts";
import { readObject, type SessionVariables } from "./session-routes.ts";

export interface ChatOptions {
  /** A kind whose class extends `ChatSession`. */
  readonly kind: string;
  /** Where `useChat` looks for it. Default: `/api/chat`, as the AI SDK does. */
  readonly path?: string;
}

/** Session `name` of the chats' kind as this request's sender may use it. */
export type OpenChat = (request: Request, env: unknown, name: string) => Promise<SessionVariables>;

/** What `useChat` asks for, and what the AI SDK leaves to the server: stopping, and the messages to begin with. */
export function chatRoutes(open: OpenChat): Hono {
  const routes = new Hono();

  routes.post("/", async (context) => {
    const request = context.req.raw;
    const { id, messages, message, trigger, messageId, ...body } = await readObject(request);
    if (typeof id !== "string")
      throw new SessileError("bad_request", "id is missing: say which chat this is for.", { field: "id" });
    const variables = await open(request, context.env, id);
    const sent = { messages, message, trigger, messageId, body };
    const known = Object.entries(sent).filter(([, value]) => value !== undefined);
    const answer = await sentAnswer(variables, request, Object.fromEntries(known) as typeof body);
    const response = uiMessageResponse(answer);
    addQuotaHeaders(response.headers, variables.target.quota);
    return response;
  });

  routes.get("/", (context) => {
    const request = context.req.raw;
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") throw new MethodNotAllowed(["POST"]);
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    new ChatSocket(server, request, (name) => open(request, context.env, name));
    return new Response(null, { status: 101, webSocket: client });
  });

  routes.get("/:name", async (context) => {
    const variables = await open(context.req.raw, context.env, context.req.param("name"));
    return Response.json(await readHistory(variables), { headers: { "cache-control": "private, no-store" } });
  });

  routes.get("/:name/stream", async (context) => {
    const variables = await open(context.req.raw, context.env, context.req.param("name"));
    // Nobody would read the stream, and nobody end it.
    const isHead = context.req.method === "HEAD";
    const answer = isHead ? await activeStream(variables) : await resumeAnswer(variables);
    if (answer === null) return new Response(null, { status: 204 });
    return typeof answer === "string"
      ? new Response(null, { headers: uiMessageHeaders })
      : uiMessageResponse(answer);
  });

  routes.post("/:name/stop", async (context) => {
    const variables = await open(context.req.raw, context.env, context.req.param("name"));
    await variables.require("write");
    const { activeStreamId = null } = await readObject(context.req.raw, {});
    if (activeStreamId !== null && typeof activeStreamId !== "string")
      throw new SessileError("bad_request", "activeStreamId is the id of the answer's message.", {
        field: "activeStreamId",
      });
    return Response.json({ stopped: await stopAnswer(variables, context.req.raw, activeStreamId) });
  });

  return routes;
}
