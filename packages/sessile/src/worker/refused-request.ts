import { closeCodes, closeReason } from "../protocol/close-code.ts";
import { SessileError } from "../protocol/error.ts";
import { subprotocol } from "../protocol/frame.ts";
import { problemResponse } from "./problem.ts";
import { isUpgrade } from "./routes/session-routes.ts";

/**
 * An error as problem details. For a socket, of whatever protocol, the answer is an accepted one that is closed with a code:
 * a client cannot read the status of a refused upgrade, and stock ones would retry for ever.
 */
export function refusedRequest(request: Request, thrown: unknown, requestId: string): Response {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
    return problemResponse(thrown, requestId);
  const error = SessileError.from(thrown);
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  server.send(JSON.stringify({ t: "error", error: error.toWire() }));
  server.close(closeCodeOf(error), closeReason(error.message));
  return new Response(null, {
    status: 101,
    webSocket: client,
    // Naming a protocol that was not offered would make the client fail before it reads the code.
    headers: isUpgrade(request) ? { "sec-websocket-protocol": subprotocol } : {},
  });
}

function closeCodeOf(error: SessileError): number {
  if (error.retryable || error.code === "internal") return closeCodes.restart;
  if (error.code === "unauthenticated") return closeCodes.unauthenticated;
  if (error.code === "forbidden") return closeCodes.forbidden;
  return error.code === "not_found" ? closeCodes.notFound : closeCodes.protocolError;
}
