import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { SessionHost } from "../session-host.ts";
import { refuseFetch } from "../upgrade.ts";

/** A socket that reads one stream. Errors are answers: the worker turns them into closed sockets. */
export async function answerStreamFetch(
  host: SessionHost,
  request: Request,
  streamId: string,
  actor: Actor | null,
  mayRead: () => boolean,
): Promise<Response> {
  try {
    await host.visible.begun();
    if (!mayRead()) throw new SessileError("forbidden", "You may not read this session.");
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
      throw new SessileError("bad_request", "A stream is read over a WebSocket here.", { field: "upgrade" });
    return host.streams.sockets.accept(request, streamId, actor);
  } catch (thrown) {
    return refuseFetch(request, SessileError.from(thrown));
  }
}
