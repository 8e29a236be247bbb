import type { Draft } from "../protocol/draft.ts";
import { SessileError } from "../protocol/error.ts";
import { type Actor, type Commit, eventsOf, type SessionEvent } from "../protocol/event.ts";
import { sessionKeyOf } from "../protocol/event-id.ts";
import { protocolVersion, type ServerFrame, subprotocol } from "../protocol/frame.ts";
import type { SessionTarget } from "./session-stub.ts";

/** How fast a reader takes what it is given. */
export interface Pace {
  readonly hasRoom: boolean;
  /** Resolves once there is room. */
  room(): Promise<void>;
}

/** Opens the socket that plain HTTP readers hang on: server-sent events and long polls. */
export async function follow(
  target: SessionTarget,
  actor: Actor | null,
  after: number,
  pace: Pace,
): Promise<Follower> {
  const upgrade = new Request("https://session/", {
    headers: { upgrade: "websocket", "sec-websocket-protocol": subprotocol },
  });
  const { webSocket } = await target.forward(upgrade, actor, ["read"]);
  if (webSocket) return new Follower(webSocket, sessionKeyOf(target.kind, target.name), after, pace);
  throw new SessileError("unavailable", "The session did not open a stream.", { retryAfterMs: 1000 });
}

/**
 * A reader of one session's events, held by the worker over a hibernating socket: the object may sleep while it waits. The object
 * sees somebody who takes everything at once; so that nothing piles up here, a page is asked for when there is room, and what is
 * live while there is none is left out, to be read as a page then.
 */
export class Follower {
  /** Called with each further page or commit, in order, from `after` on. */
  onEvents: (events: readonly SessionEvent[]) => void = () => {};
  /** Called with the reader's own draft as it is at first, and whenever it changes. */
  onDraft: (draft: Draft | null) => void = () => {};
  onEnd: (error: SessileError | null) => void = () => {};
  readonly #socket: WebSocket;
  readonly #sessionKey: number;
  readonly #pace: Pace;
  #cursor: number;
  /** Whatever is live before the page comes is in it, or in one that follows. */
  #awaitsPage = true;
  #isClosed = false;

  /** @param socket accepted by nobody yet */
  constructor(socket: WebSocket, sessionKey: number, after: number, pace: Pace) {
    this.#socket = socket;
    this.#sessionKey = sessionKey;
    this.#cursor = after;
    this.#pace = pace;
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") this.#take(JSON.parse(data) as ServerFrame);
    });
    socket.addEventListener("close", () => {
      this.#isClosed = true;
      this.onEnd(null);
    });
    socket.accept();
    socket.send(JSON.stringify({ t: "hello", v: protocolVersion, after }));
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close(1000);
  }

  #take(frame: ServerFrame): void {
    switch (frame.t) {
      case "welcome":
        // A cursor beyond the end is of a log that is no more: a backup was restored, say. Pages come from the start.
        if (frame.lastSeq < this.#cursor) this.#cursor = 0;
        this.onDraft(frame.draft ?? null);
        return;
      case "draft":
        this.onDraft(frame.draft);
        return;
      case "events":
        this.#awaitsPage = frame.more;
        this.#deliver(frame.commits);
        if (frame.more) void this.#pull();
        return;
      case "commit":
        if (this.#awaitsPage) return;
        if (this.#pace.hasRoom) this.#deliver(frame.commit ? [frame.commit] : (frame.commits ?? []));
        else void this.#pull();
        return;
      case "behind":
        if (!this.#awaitsPage) void this.#pull();
        return;
      case "error":
        this.onEnd(SessileError.fromWire(frame.error));
        return;
      default:
        return;
    }
  }

  #deliver(commits: readonly Commit[]): void {
    const events = commits.flatMap((commit) => eventsOf(commit, this.#sessionKey, this.#cursor));
    this.#cursor = events.at(-1)?.seq ?? this.#cursor;
    if (events.length > 0) this.onEvents(events);
  }

  async #pull(): Promise<void> {
    this.#awaitsPage = true;
    if (!this.#pace.hasRoom) await this.#pace.room();
    if (!this.#isClosed) this.#socket.send(JSON.stringify({ t: "pull", after: this.#cursor }));
  }
}
