import { SessileError } from "../protocol/error.ts";
import type { SessionReply } from "../protocol/request.ts";
import { type StreamAction, type StreamReply, streamHeader } from "../protocol/stream-request.ts";
import { Session } from "./session.ts";

/** The id of the one stream of a standalone object. */
export const standaloneStreamId = "main";

/**
 * A stream that belongs to no session: an object of its own, addressed by name. It is a session with nothing but one stream, so
 * everything that holds for streams there holds here.
 */
export class StreamObject extends Session {
  readonly kind = "stream";
  readonly initialState = null;
  override readonly clientWrites = { state: false, status: false, events: [] };
  override readonly snapshots = null;

  /** Lists of sessions do not show streams. */
  override recordOf(): null {
    return null;
  }
}

/** What is used of a stub of `StreamObject`. */
interface StreamStub {
  handleSessionRequest(
    request: { readonly op: "stream"; readonly streamId: string; readonly action: StreamAction },
    caller: { readonly actor: null },
  ): Promise<SessionReply>;
  fetch(request: Request): Promise<Response>;
}

/** One action on a standalone stream. @throws SessileError */
export async function askStreamObject(
  namespace: DurableObjectNamespace,
  name: string,
  action: StreamAction,
): Promise<StreamReply> {
  const request = { op: "stream" as const, streamId: standaloneStreamId, action };
  const reply = await stubOf(namespace, name).handleSessionRequest(request, { actor: null });
  if (!reply.ok) throw SessileError.fromWire(reply.error);
  return reply.value as StreamReply;
}

/** A socket that reads a standalone stream from an offset on, not yet accepted. @throws SessileError */
export async function openStreamObject(
  namespace: DurableObjectNamespace,
  name: string,
  offset: number,
): Promise<WebSocket> {
  const headers = { upgrade: "websocket", [streamHeader]: standaloneStreamId };
  const request = new Request(`https://stream/?offset=${offset}`, { headers });
  const { webSocket } = await stubOf(namespace, name).fetch(request);
  if (webSocket) return webSocket;
  throw new SessileError("unavailable", "The stream did not open.", { retryAfterMs: 1000 });
}

function stubOf(namespace: DurableObjectNamespace, name: string): StreamStub {
  return namespace.getByName(name) as unknown as StreamStub;
}
