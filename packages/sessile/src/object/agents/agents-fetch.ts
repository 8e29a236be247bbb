import { SessileError } from "../../protocol/error.ts";
import type { SessionHost } from "../session-host.ts";
import { refuseFetch, senderFrom } from "../upgrade.ts";

/** A socket of an Agents SDK client. Errors are answers: the worker turns them into closed sockets. */
export async function answerAgentsFetch(
  host: SessionHost,
  request: Request,
  agent: string,
): Promise<Response> {
  try {
    await host.visible.begun();
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
      throw new SessileError("bad_request", "An agent is connected to over a WebSocket here.", {
        field: "upgrade",
      });
    return host.agents.accept(senderFrom(request), agent);
  } catch (thrown) {
    return refuseFetch(request, SessileError.from(thrown));
  }
}
