import type { Actor } from "../protocol/event.ts";
import { subprotocol } from "../protocol/frame.ts";
import { actorHeader } from "../protocol/request.ts";
import type { Peers } from "./peers.ts";

/** Accepts a socket of this protocol; hello decides whether it stays. */
export function acceptPeer(request: Request, peers: Peers): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  peers.accept(server, { peerId: crypto.randomUUID(), actor: actorFrom(request) }, Date.now());
  return new Response(null, {
    status: 101,
    webSocket: client,
    headers: { "sec-websocket-protocol": subprotocol },
  });
}

/** Who the worker says it is. */
export function actorFrom(request: Request): Actor | null {
  const header = request.headers.get(actorHeader);
  return header === null ? null : (JSON.parse(decodeURIComponent(header)) as Actor);
}
