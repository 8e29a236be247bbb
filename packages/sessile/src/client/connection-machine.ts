import type { ErrorCode, HelloFrame } from "../protocol/index.ts";
import {
  isTerminalClose,
  pingText,
  pongText,
  protocolVersion,
  SessileError,
  subprotocol,
  unreachable,
} from "../protocol/index.ts";
import { backoffMs, stableAfterMs } from "./backoff.ts";
import {
  type ConnectionState,
  common,
  connectWithinMs,
  type Heartbeat,
  type Input,
  noProgress,
  type Open,
  pongWithinMs,
  probeWithinMs,
  quietBeforePingMs,
  type Step,
  type Turn,
} from "./connection-state.ts";
import { parseServerFrame } from "./server-frame.ts";
import { onFrame, pullAgain, type Verdict } from "./transports/follow-log.ts";

/**
 * The life of a connection as a pure function: what happened in, the next state and what to do out. The driver
 * (`connection.ts`) owns the socket and the timer and decides nothing.
 *
 * @param now milliseconds since 1970
 * @param jitter in [0, 1), drawn anew for every step
 */
export function step(state: ConnectionState, input: Input, now: number, jitter: number): Step {
  const turn: Turn = { now, jitter, effects: [] };
  const next = take(state, input, turn);
  return { state: armTimer(next, turn), effects: turn.effects };
}

function take(state: ConnectionState, input: Input, turn: Turn): ConnectionState {
  switch (input.is) {
    case "start":
      return state.at === "idle" || state.at === "closed"
        ? attempt({ ...state, lastError: null }, turn)
        : state;
    case "stop":
      return stop(state, turn);
    case "mismatch":
      return isOpen(state) ? obey({ next: "startOver", state }, turn) : state;
    case "online":
      return onOnline({ ...state, online: true }, turn);
    case "offline":
      return onOffline({ ...state, online: false }, turn);
    case "timer":
      return onTimer({ ...state, timerAt: null }, turn);
    case "opened":
      return state.at === "connecting" && input.socket === state.socket ? greet(state, turn) : state;
    case "text":
      return isOpen(state) && input.socket === state.socket ? onText(state, input.text, turn) : state;
    case "closed":
      return hasSocket(state) && input.socket === state.socket
        ? onClosed(state, input.code, input.reason, turn)
        : state;
    default:
      return unreachable(input);
  }
}

function attempt(state: ConnectionState, turn: Turn): ConnectionState {
  if (!state.online) return { ...common(state), at: "waiting", until: null };
  const socket = state.socket + 1;
  turn.effects.push({ do: "openSocket", socket });
  return { ...common(state), socket, at: "connecting", giveUpAt: turn.now + connectWithinMs };
}

function greet(state: ConnectionState, turn: Turn): ConnectionState {
  const { cursor } = state.progress;
  const hello: HelloFrame = {
    t: "hello",
    v: protocolVersion,
    // Beside "after" it is used only if the server has to begin again, which then costs no more than a first visit.
    history: state.history,
    ...(cursor === null ? {} : { after: cursor }),
    ...(state.fromSnapshot ? { from: "snapshot" as const } : {}),
    ...(state.events ? { short: true } : { events: false }),
  };
  turn.effects.push({ do: "sendText", socket: state.socket, text: JSON.stringify(hello) });
  return {
    ...common(state),
    at: "greeting",
    giveUpAt: turn.now + connectWithinMs,
    heartbeat: heardAt(turn.now),
  };
}

function onText(state: Open, text: string, turn: Turn): ConnectionState {
  const heard = { ...state, heartbeat: heardAt(turn.now) };
  if (text === pongText) return heard;
  const frame = parseServerFrame(text, state.progress.createdAt);
  return frame === null ? heard : obey(onFrame(heard, frame, turn), turn);
}

/** Carries out what following the log decided about the connection itself. */
function obey(verdict: Verdict, turn: Turn): ConnectionState {
  switch (verdict.next) {
    case "stay":
      return verdict.state;
    case "startOver":
      turn.effects.push({ do: "reset" });
      return reconnect({ ...verdict.state, progress: noProgress }, turn);
    case "backOff":
      turn.effects.push({ do: "reset" });
      return abandon({ ...verdict.state, progress: noProgress }, turn);
    default:
      return unreachable(verdict.next);
  }
}

function onClosed(state: ConnectionState, code: number, reason: string, turn: Turn): ConnectionState {
  if (!isTerminalClose(code)) return wait(state, turn);
  const error =
    state.lastError ??
    new SessileError(errorCodeOf(code), reason || refusals[code] || "The server refused the connection.");
  return finish(state, { kind: "refused", code, error }, turn);
}

/** Closes a socket that is of no use and comes back after a wait. */
function abandon(state: ConnectionState, turn: Turn): ConnectionState {
  turn.effects.push({ do: "closeSocket", socket: state.socket });
  return wait(state, turn);
}

function reconnect(state: ConnectionState, turn: Turn): ConnectionState {
  turn.effects.push({ do: "closeSocket", socket: state.socket }, { do: "detach" });
  return attempt(state, turn);
}

function wait(state: ConnectionState, turn: Turn): ConnectionState {
  turn.effects.push({ do: "detach" });
  const failures = isAttached(state) && turn.now - state.welcomedAt >= stableAfterMs ? 0 : state.failures;
  const delayMs = state.retryAfterMs + backoffMs(failures, turn.jitter);
  return {
    ...common(state),
    at: "waiting",
    failures: failures + 1,
    retryAfterMs: 0,
    until: state.online ? turn.now + delayMs : null,
  };
}

function stop(state: ConnectionState, turn: Turn): ConnectionState {
  if (state.at === "closed") return state;
  if (hasSocket(state)) turn.effects.push({ do: "closeSocket", socket: state.socket });
  return finish(state, { kind: "stopped" }, turn);
}

function finish(
  state: ConnectionState,
  reason: (ConnectionState & { at: "closed" })["reason"],
  turn: Turn,
): ConnectionState {
  turn.effects.push({ do: "detach" }, { do: "finish", reason });
  return { ...common(state), at: "closed", failures: 0, retryAfterMs: 0, reason };
}

function onOnline(state: ConnectionState, turn: Turn): ConnectionState {
  if (state.at === "waiting") return attempt({ ...state, failures: 0 }, turn);
  // The network changed under an open socket, which therefore may be dead without anybody saying so.
  return isOpen(state) ? ping(state, probeWithinMs, turn) : state;
}

function onOffline(state: ConnectionState, turn: Turn): ConnectionState {
  if (state.at === "waiting") return { ...state, until: null };
  return isOpen(state) ? ping(state, probeWithinMs, turn) : state;
}

function ping<State extends Open>(state: State, answerWithinMs: number, turn: Turn): State {
  turn.effects.push({ do: "sendText", socket: state.socket, text: pingText });
  return { ...state, heartbeat: { deadline: turn.now + answerWithinMs, pinged: true } };
}

function onTimer(state: ConnectionState, turn: Turn): ConnectionState {
  const { now } = turn;
  switch (state.at) {
    case "connecting":
      return now >= state.giveUpAt ? abandon(state, turn) : state;
    case "waiting":
      return state.until !== null && now >= state.until ? attempt(state, turn) : state;
    case "greeting":
      return now >= state.giveUpAt ? abandon(state, turn) : beat(state, turn);
    case "catchingUp":
      return beat(now >= state.pageDueAt ? pullAgain(state, turn) : state, turn);
    case "live":
      return beat(state, turn);
    case "idle":
    case "closed":
      return state;
    default:
      return unreachable(state);
  }
}

function beat(state: Open, turn: Turn): ConnectionState {
  const { deadline, pinged } = state.heartbeat;
  if (turn.now < deadline) return state;
  return pinged ? abandon(state, turn) : ping(state, pongWithinMs, turn);
}

/** Asks for a timer only if none is due early enough: a frame then costs no timer, and an early one finds nothing to do. */
function armTimer(state: ConnectionState, turn: Turn): ConnectionState {
  const at = nextDeadline(state);
  const isArmed = at === null ? state.timerAt === null : state.timerAt !== null && state.timerAt <= at;
  if (isArmed) return state;
  turn.effects.push({ do: "setTimer", at });
  return { ...state, timerAt: at };
}

function nextDeadline(state: ConnectionState): number | null {
  switch (state.at) {
    case "connecting":
      return state.giveUpAt;
    case "greeting":
      return Math.min(state.giveUpAt, state.heartbeat.deadline);
    case "catchingUp":
      return Math.min(state.pageDueAt, state.heartbeat.deadline);
    case "live":
      return state.heartbeat.deadline;
    case "waiting":
      return state.until;
    case "idle":
    case "closed":
      return null;
    default:
      return unreachable(state);
  }
}

function heardAt(now: number): Heartbeat {
  return { deadline: now + quietBeforePingMs, pinged: false };
}

function isAttached(state: ConnectionState) {
  return state.at === "catchingUp" || state.at === "live";
}

function isOpen(state: ConnectionState): state is Open {
  return state.at === "greeting" || isAttached(state);
}

function hasSocket(state: ConnectionState): boolean {
  return state.at === "connecting" || isOpen(state);
}

const codes: { readonly [closeCode: number]: ErrorCode } = {
  1008: "forbidden",
  4400: "bad_request",
  4401: "unauthenticated",
  4403: "forbidden",
  4404: "not_found",
  4408: "bad_request",
  4410: "not_found",
};

const refusals: { readonly [closeCode: number]: string } = {
  4400: `The server did not understand this client. Check that both speak ${subprotocol}.`,
  4401: "Sign in, then connect again.",
  4403: "You may not open this session. Ask its owner for access.",
  4404: "There is no such session. Check its kind and name.",
  4408: "The client greeted the server too late. Connect again.",
  4410: "This session is gone for good.",
};

function errorCodeOf(closeCode: number): ErrorCode {
  return codes[closeCode] ?? "rejected";
}
