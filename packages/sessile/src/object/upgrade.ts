import { type Action, actions } from "../protocol/access.ts";
import { closeCodes, closeReason } from "../protocol/close-code.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import { subprotocol } from "../protocol/frame.ts";
import type { Json } from "../protocol/json.ts";
import { actorHeader, clientHeader, rightsHeader } from "../protocol/request.ts";
import type { Sender } from "./command-intake.ts";
import type { Peers } from "./peers.ts";
import { problemOf } from "./problem.ts";
import type { SessionHost } from "./session-host.ts";
import { describeThrown } from "./write-report.ts";

/** A socket of this protocol, or a request that is the kind's own to answer. */
export async function answerFetch(
  host: SessionHost,
  request: Request,
  onRequest: () => Response | Promise<Response>,
): Promise<Response> {
  try {
    // Not awaited where there is nothing to wait for: nothing may come between a request and its answer.
    const begun = host.visible.begun();
    if (begun) await begun;
  } catch (thrown) {
    return refuseFetch(request, SessileError.from(thrown));
  }
  if (isUpgrade(request)) {
    try {
      host.peers.assertRoom(Date.now(), host.agents.peers.size);
    } catch (thrown) {
      return refuseFetch(request, SessileError.from(thrown));
    }
    return acceptPeer(request, host.peers);
  }
  const response = await onRequest();
  try {
    // The kind's own code sees what is staged; what it says of it goes out when it is recorded.
    await host.shown();
  } catch (thrown) {
    return refuseFetch(request, SessileError.from(thrown));
  }
  return response;
}

export function isUpgrade(request: Request): boolean {
  const protocols = request.headers.get("sec-websocket-protocol")?.split(/,\s*/);
  return (
    request.headers.get("upgrade")?.toLowerCase() === "websocket" && protocols?.includes(subprotocol) === true
  );
}

/** A socket is accepted and closed, because its client could not read the status of a refused upgrade. */
export function refuseFetch(
  request: Request,
  error: SessileError,
  code: number = error.code === "not_found" ? closeCodes.notFound : closeCodes.restart,
): Response {
  if (!isUpgrade(request)) return problemOf(error);
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  server.send(JSON.stringify({ t: "error", error: error.toWire() }));
  server.close(code, closeReason(error.message));
  return new Response(null, {
    status: 101,
    webSocket: client,
    headers: { "sec-websocket-protocol": subprotocol },
  });
}

/** Accepts a socket of this protocol; hello decides whether it stays. */
function acceptPeer(request: Request, peers: Peers): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  peers.accept(server, { ...senderFrom(request), peerId: crypto.randomUUID() }, Date.now());
  return new Response(null, {
    status: 101,
    webSocket: client,
    headers: { "sec-websocket-protocol": subprotocol },
  });
}

/** Whose socket a request asks for, as the worker says. */
export function senderFrom(request: Request): Sender {
  const rights = rightsFrom(request);
  const client = request.headers.get(clientHeader);
  return {
    actor: actorFrom(request),
    ...(rights ? { rights } : {}),
    ...(client === null ? {} : { client }),
  };
}

/** Who the worker says it is. */
export function actorFrom(request: Request): Actor | null {
  const header = request.headers.get(actorHeader);
  return header === null ? null : (JSON.parse(decodeURIComponent(header)) as Actor);
}

/** What the worker's authorizer lets it do; undefined is everything. */
function rightsFrom(request: Request): readonly Action[] | undefined {
  const names = request.headers.get(rightsHeader)?.split(",");
  const rights = names && actions.filter((action) => names.includes(action));
  return rights?.length === actions.length ? undefined : rights;
}

/** What answering a forwarded request takes of a session. */
export interface ForwardTarget {
  authorize(actor: Actor | null, action: Action): boolean;
  log(level: "error", tag: string, message: string, attrs: Json): void;
}

/** A request below the pretty address, under the object's own authorizer. Errors become answers here: thrown, they would lose their code on the way. */
export async function answerForwarded(
  session: ForwardTarget,
  request: Request,
  run: (actor: Actor | null) => Response | Promise<Response>,
): Promise<Response> {
  try {
    const actor = actorFrom(request);
    const action = isRead(request) ? "read" : "write";
    if (!session.authorize(actor, action))
      throw new SessileError("forbidden", `You may not ${action} in this session.`);
    return await run(actor);
  } catch (thrown) {
    if (!(thrown instanceof SessileError))
      session.log("error", "host", "onRequest failed", describeThrown(thrown));
    return problemOf(SessileError.from(thrown));
  }
}

export function isRead({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}
