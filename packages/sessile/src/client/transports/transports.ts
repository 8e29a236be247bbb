import { subprotocol } from "../../protocol/index.ts";
import { connectWithinMs } from "../connection-state.ts";
import type { Clock, SocketLike, Transport } from "../environment.ts";
import { type HttpTransportOptions, SessionRequests } from "../session-requests.ts";
import { HttpSocket, type HttpTransportName } from "./http-socket.ts";

export type { HttpTransportOptions } from "../session-requests.ts";

export interface PollOptions extends HttpTransportOptions {
  /** Between polls. Default 60,000. */
  readonly intervalMs?: number;
}

const defaultIntervalMs = 60_000;

/** A WebSocket: the default, and the only transport with signals and presence. */
export function websocket(): Transport {
  return {
    name: "websocket",
    open: (url, { WebSocket }) => new WebSocket(url, [subprotocol]),
  };
}

/** Server-sent events for the log, requests for commands. */
export function sse(options: HttpTransportOptions = {}): Transport {
  return overHttp("sse", options);
}

/** Requests that the server holds until something happens. */
export function longPoll(options: HttpTransportOptions = {}): Transport {
  return overHttp("longpoll", options);
}

/** A request every `intervalMs`, after own commands, on `refresh()`, and when the page becomes visible or the network returns. */
export function poll(options: PollOptions = {}): Transport {
  return overHttp("poll", options, options.intervalMs ?? defaultIntervalMs);
}

function overHttp(
  via: HttpTransportName,
  options: HttpTransportOptions,
  intervalMs = defaultIntervalMs,
): Transport {
  return {
    name: via,
    open: (url, { clock }) => {
      const requests = new SessionRequests(url.replace(/^ws/, "http"), options, clock);
      return new HttpSocket({ via, requests, clock, intervalMs });
    },
  };
}

/** Attempts that may fail in a row before the next transport is tried. */
const attemptsEach = 3;

/**
 * A WebSocket, and where it cannot be had, as behind some proxies, server-sent events, then long polls. What works is kept as
 * long as it does; after each lost connection the best that ever worked gets one attempt. Give one object to all clients of a
 * page, so that they learn it once.
 */
export function auto(options: HttpTransportOptions = {}): Transport {
  const candidates = [websocket(), sse(options), longPoll(options)];
  let at = 0;
  let best = candidates.length;
  let failures = 0;
  const ended = (tried: number, hasWorked: boolean): void => {
    if (hasWorked) {
      best = Math.min(best, tried);
      // One attempt, not all of them: it may be blocked still.
      failures = best < tried ? attemptsEach - 1 : 0;
      at = best;
    } else if (tried === at && ++failures >= attemptsEach) {
      failures = 0;
      // All the way round: a server that was down for all of them may be up for the first.
      at = (at + 1) % candidates.length;
    }
  };
  return {
    name: "auto",
    open: (url, environment) => {
      const tried = at;
      const socket = (candidates[tried] as Transport).open(url, environment);
      return watched(socket, environment.clock, (hasWorked) => ended(tried, hasWorked));
    },
  };
}

/** Tells how it ended, unless it was closed before that could be known, as by a page that is left at once. */
function watched(socket: SocketLike, clock: Clock, ended: (hasWorked: boolean) => void): SocketLike {
  const openedAt = clock.now();
  let hasOpened = false;
  let isWithdrawn = false;
  socket.addEventListener("open", () => {
    hasOpened = true;
  });
  socket.addEventListener("close", () => {
    const hasWorked = socket instanceof HttpSocket ? socket.isProven : hasOpened;
    if (hasWorked || !isWithdrawn) ended(hasWorked);
  });
  return {
    via: socket.via ?? "websocket",
    set binaryType(type: string) {
      socket.binaryType = type;
    },
    refresh: () => socket.refresh?.(),
    send: (text) => socket.send(text),
    close: (code, reason) => {
      isWithdrawn = clock.now() - openedAt < connectWithinMs;
      socket.close(code, reason);
    },
    addEventListener: (type, listener) => socket.addEventListener(type, listener),
  };
}
