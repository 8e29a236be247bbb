import type {
  Ack,
  Actor,
  Commit,
  Draft,
  Json,
  Peer,
  PresenceFrame,
  QuotaStatus,
  SessileError,
  SessionView,
  VoiceFrame,
} from "../protocol/index.ts";

/** Silence after which the client asks whether the socket still lives. */
export const quietBeforePingMs = 12_000;
/** Wait for the answer; with the silence before it, a dead socket is known after 30 s. */
export const pongWithinMs = 18_000;
/** The same wait after the network came back, when a dead socket is likely. */
export const probeWithinMs = 5_000;
/** For the socket to open, and again for the server to welcome. */
export const connectWithinMs = 15_000;
/** For a page of catch-up, after which it is asked for again. */
export const pageWithinMs = 12_000;

/** How far this client has followed the session's log. */
export interface Progress {
  /** Seq of the last event taken in; null: none yet, so the first page may begin anywhere before the view. */
  readonly cursor: number | null;
  /** Seq after which the first page begins. */
  readonly historySeq: number;
  /** Seq at which the server's view stood. */
  readonly viewSeq: number;
  /** Highest seq the server is known to have. */
  readonly knownSeq: number;
  /** When the session was created, which tells it from another of the same name; 0: not known. */
  readonly createdAt: number;
}

export const noProgress: Progress = { cursor: null, historySeq: 0, viewSeq: 0, knownSeq: 0, createdAt: 0 };

/** Why a connection ended for good. */
export type CloseReason =
  | { readonly kind: "stopped" }
  /** The server will not have this client; `code` is the WebSocket close code. */
  | { readonly kind: "refused"; readonly code: number; readonly error: SessileError };

interface Common {
  readonly progress: Progress;
  /** At most this many of the latest events on a first visit. */
  readonly history: number;
  /** False: this peer only sends commands. */
  readonly events: boolean;
  /** Begin with the newest snapshot instead of everything missed. */
  readonly fromSnapshot: boolean;
  readonly online: boolean;
  /** Failed attempts since the last stable connection. */
  readonly failures: number;
  /** Wait the server asked for with its last error. */
  readonly retryAfterMs: number;
  readonly lastError: SessileError | null;
  /** Number of the newest socket; what an older one says is ignored. */
  readonly socket: number;
  /** When the driver's one timer is due. */
  readonly timerAt: number | null;
}

/** An open socket's heartbeat: `deadline` is when to ping, or when to give up if a ping waits for its answer. */
export interface Heartbeat {
  readonly deadline: number;
  readonly pinged: boolean;
}

export type Idle = Common & { readonly at: "idle" };
export type Connecting = Common & { readonly at: "connecting"; readonly giveUpAt: number };
/** Socket open, hello sent, welcome awaited. */
export type Greeting = Common & {
  readonly at: "greeting";
  readonly giveUpAt: number;
  readonly heartbeat: Heartbeat;
};
export type CatchingUp = Common & {
  readonly at: "catchingUp";
  readonly heartbeat: Heartbeat;
  readonly welcomedAt: number;
  readonly pageDueAt: number;
  /**
   * Pages asked for that have not come. The server goes by the last request it saw, so only the answer to the last
   * one says whether it counts this peer as live.
   */
  readonly awaited: number;
  /** Pages in a row that did not lead on from the cursor. */
  readonly misses: number;
};
export type Live = Common & {
  readonly at: "live";
  readonly heartbeat: Heartbeat;
  readonly welcomedAt: number;
};
/** `until` null: there is no network, so only its return ends the wait. */
export type Waiting = Common & { readonly at: "waiting"; readonly until: number | null };
export type Closed = Common & { readonly at: "closed"; readonly reason: CloseReason };

export type ConnectionState = Idle | Connecting | Greeting | CatchingUp | Live | Waiting | Closed;
export type ConnectionPhase = ConnectionState["at"];
export type Open = Greeting | CatchingUp | Live;
export type Attached = CatchingUp | Live;

export type Input =
  | { readonly is: "start" }
  | { readonly is: "stop" }
  /** What came cannot be folded: the view must be had anew. */
  | { readonly is: "mismatch" }
  | { readonly is: "online" }
  | { readonly is: "offline" }
  | { readonly is: "timer" }
  | { readonly is: "opened"; readonly socket: number }
  | { readonly is: "text"; readonly socket: number; readonly text: string }
  | { readonly is: "closed"; readonly socket: number; readonly code: number; readonly reason: string };

/** What the driver does for the machine (the first four) and what the session learns. */
export type Effect =
  | { readonly do: "openSocket"; readonly socket: number }
  | { readonly do: "sendText"; readonly socket: number; readonly text: string }
  | { readonly do: "closeSocket"; readonly socket: number }
  /** Replaces the one timer; null: none is needed. */
  | { readonly do: "setTimer"; readonly at: number | null }
  | SessionEffect;

export type SessionEffect =
  /** Forget view and events: what follows is another log, or the same one from further on. */
  | { readonly do: "reset" }
  | { readonly do: "adoptView"; readonly view: SessionView }
  | { readonly do: "welcome"; readonly peerId: string; readonly actor: Actor | null }
  /** Take in the commit's events with a seq above `after`. */
  | { readonly do: "applyCommit"; readonly commit: Commit; readonly after: number }
  | { readonly do: "settleAcks"; readonly acks: readonly Ack[] }
  /** Commands may be sent; none of those unanswered is on its way. */
  | { readonly do: "attach" }
  | { readonly do: "detach" }
  | { readonly do: "signal"; readonly from: Peer; readonly signal: Json }
  | { readonly do: "presence"; readonly presence: Omit<PresenceFrame, "t"> }
  | { readonly do: "draft"; readonly draft: Draft | null }
  | { readonly do: "quota"; readonly quota: QuotaStatus }
  | { readonly do: "voice"; readonly frame: VoiceFrame }
  | { readonly do: "reportError"; readonly error: SessileError }
  | { readonly do: "finish"; readonly reason: CloseReason };

export interface Step {
  readonly state: ConnectionState;
  readonly effects: readonly Effect[];
}

/** One step's surroundings: what would be impure if it were asked for. */
export interface Turn {
  readonly now: number;
  readonly jitter: number;
  readonly effects: Effect[];
}

export function idle(options: {
  readonly history: number;
  readonly events: boolean;
  readonly fromSnapshot?: boolean;
  readonly online: boolean;
}): Idle {
  return {
    at: "idle",
    fromSnapshot: false,
    ...options,
    progress: noProgress,
    failures: 0,
    retryAfterMs: 0,
    lastError: null,
    socket: 0,
    timerAt: null,
  };
}

/** The fields every state shares, so that a transition does not drag along those of the state it leaves. */
export function common(state: ConnectionState): Common {
  const {
    progress,
    history,
    events,
    fromSnapshot,
    online,
    failures,
    retryAfterMs,
    lastError,
    socket,
    timerAt,
  } = state;
  return {
    progress,
    history,
    events,
    fromSnapshot,
    online,
    failures,
    retryAfterMs,
    lastError,
    socket,
    timerAt,
  };
}
