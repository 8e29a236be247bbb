import type { Draft } from "../protocol/draft.ts";
import { SessileError } from "../protocol/error.ts";
import { type Actor, type Commit, eventsOf, type SessionEvent } from "../protocol/event.ts";
import { sessionKeyOf } from "../protocol/event-id.ts";
import { protocolVersion, type ServerFrame, subprotocol } from "../protocol/frame.ts";
import type { SessionTarget } from "./session-stub.ts";

/** A reader of one session's events, held by the worker over a hibernating socket: the object may sleep while it waits. */
export interface Follower {
  /** Called with each further page or commit, in order, from `after` on. */
  onEvents: (events: readonly SessionEvent[]) => void;
  /** Called with the reader's own draft as it is at first, and whenever it changes. */
  onDraft: (draft: Draft | null) => void;
  onEnd: (error: SessileError | null) => void;
  close(): void;
}

/** Opens the socket that plain HTTP readers hang on: server-sent events and long polls. */
export async function follow(target: SessionTarget, actor: Actor | null, after: number): Promise<Follower> {
  const upgrade = new Request("https://session/", {
    headers: { upgrade: "websocket", "sec-websocket-protocol": subprotocol },
  });
  const response = await target.forward(upgrade, actor, ["read"]);
  const socket = response.webSocket;
  if (!socket)
    throw new SessileError("unavailable", "The session did not open a stream.", { retryAfterMs: 1000 });
  const key = sessionKeyOf(target.kind, target.name);
  let cursor = after;
  const follower: Follower = {
    onEvents: () => {},
    onDraft: () => {},
    onEnd: () => {},
    close: () => socket.close(1000),
  };
  const deliver = (commits: readonly Commit[]): void => {
    const events = commits.flatMap((commit) => eventsOf(commit, key, cursor));
    cursor = events.at(-1)?.seq ?? cursor;
    if (events.length > 0) follower.onEvents(events);
  };
  socket.addEventListener("message", ({ data }) => {
    if (typeof data !== "string") return;
    const frame = JSON.parse(data) as ServerFrame;
    switch (frame.t) {
      case "welcome":
        follower.onDraft(frame.draft ?? null);
        return;
      case "draft":
        follower.onDraft(frame.draft);
        return;
      case "events":
        deliver(frame.commits);
        if (frame.more) socket.send(JSON.stringify({ t: "pull", after: cursor }));
        return;
      case "commit":
        deliver(frame.commit ? [frame.commit] : (frame.commits ?? []));
        return;
      case "behind":
        socket.send(JSON.stringify({ t: "pull", after: cursor }));
        return;
      case "error":
        follower.onEnd(SessileError.fromWire(frame.error));
        return;
      default:
        return;
    }
  });
  socket.addEventListener("close", () => follower.onEnd(null));
  socket.accept();
  socket.send(JSON.stringify({ t: "hello", v: protocolVersion, after }));
  return follower;
}
