import { DurableObject } from "cloudflare:workers";
import { pingText, pongText } from "../protocol/frame.ts";
import { type DirectoryChange, directoryChangeSchema } from "../record/index.ts";
import { answerClose } from "./answer-close.ts";
import { actorFrom } from "./upgrade.ts";

/** The part of the feed that sessions use. */
export interface DirectoryFeedStub {
  notify(changes: readonly DirectoryChange[]): Promise<void>;
}

/** One feed object for a deployment; a later one per user or tenant only needs another name. */
export const directoryFeedName = "all";

/**
 * Pushes changes of the directory to open lists: each change goes to every socket that listens to its kind. Best effort:
 * a list that missed one reads it from D1. Sockets hibernate, and nothing is stored.
 */
export class DirectoryFeed extends DurableObject implements DirectoryFeedStub {
  #waiting = new Map<string, DirectoryChange>();
  #armed = false;

  constructor(context: DurableObjectState, env: unknown) {
    super(context, env as never);
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair(pingText, pongText));
  }

  /** Upgrades a list. `?kind=` narrows it to one kind. */
  override fetch(request: Request): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("Expected a WebSocket upgrade.", { status: 426 });
    }
    const kind = new URL(request.url).searchParams.get("kind") ?? "";
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.ctx.acceptWebSocket(server, [tagOf(kind)]);
    server.serializeAttachment({ actorId: actorFrom(request)?.id ?? null });
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Gathers what comes in one turn, newest per session, into one frame per list. */
  async notify(changes: readonly DirectoryChange[]): Promise<void> {
    for (const change of changes) {
      if (!directoryChangeSchema.safeParse(change).success) continue;
      const key = `${change.kind}/${change.name}`;
      const known = this.#waiting.get(key);
      if (!known || known.lastSeq < change.lastSeq) this.#waiting.set(key, change);
    }
    if (this.#armed || this.#waiting.size === 0) return;
    this.#armed = true;
    await scheduler.wait(20);
    this.#flush();
  }

  override webSocketMessage(): void {
    // Lists only listen; what they say is ignored.
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    answerClose(socket, code);
  }

  #flush(): void {
    const changes = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#armed = false;
    this.#send(tagOf(""), changes);
    for (const kind of new Set(changes.map((change) => change.kind))) {
      this.#send(
        tagOf(kind),
        changes.filter((change) => change.kind === kind),
      );
    }
  }

  #send(tag: string, changes: readonly DirectoryChange[]): void {
    const sockets = this.ctx.getWebSockets(tag);
    if (sockets.length === 0) return;
    const open = changes.filter(({ readerIds }) => readerIds === undefined);
    for (const socket of sockets) {
      const { actorId } = (socket.deserializeAttachment() as { readonly actorId: string | null } | null) ?? {
        actorId: null,
      };
      const seen =
        open.length === changes.length
          ? changes
          : changes.filter(
              ({ readerIds }) => !readerIds || (actorId !== null && readerIds.includes(actorId)),
            );
      if (seen.length === 0) continue;
      try {
        socket.send(directoryFrame(seen));
      } catch {
        // Closed meanwhile: the list reads D1 when it is back.
      }
    }
  }
}

/** Whom a change was for is nobody's business. */
function directoryFrame(changes: readonly DirectoryChange[]): string {
  return JSON.stringify({
    t: "directory",
    changes: changes.map(({ readerIds: _readers, ...change }) => change),
  });
}

function tagOf(kind: string): string {
  return `kind:${kind}`;
}
