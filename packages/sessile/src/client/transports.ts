import { subprotocol } from "../protocol/index.ts";
import type { Environment, SocketLike, Transport } from "./environment.ts";
import { HttpSocket, type HttpTransportName } from "./http-socket.ts";
import { type HttpTransportOptions, SessionRequests } from "./session-requests.ts";

export type { HttpTransportOptions } from "./session-requests.ts";

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

/** Attempts that may fail before the next transport is tried, as long as this one has never worked. */
const attemptsEach = 3;

/**
 * A WebSocket, and where it never opens, as behind some proxies, server-sent events, then long polls. What has once worked is
 * kept. Give one object to all clients of a page, so that they learn it once.
 */
export function auto(options: HttpTransportOptions = {}): Transport {
  const candidates = [websocket(), sse(options), longPoll(options)];
  let at = 0;
  let failures = 0;
  let isSettled = false;
  return {
    name: "auto",
    open: (url: string, environment: Environment): SocketLike => {
      const tried = at;
      const socket = (candidates[tried] as Transport).open(url, environment);
      let hasOpened = false;
      socket.addEventListener("open", () => {
        hasOpened = true;
      });
      socket.addEventListener("close", () => {
        const worked = socket instanceof HttpSocket ? socket.isProven : hasOpened;
        if (worked) isSettled = true;
        if (isSettled || tried !== at) return;
        failures += 1;
        if (failures < attemptsEach) return;
        failures = 0;
        // All the way round: a server that was down for all of them may be up for the first.
        at = (at + 1) % candidates.length;
      });
      return socket;
    },
  };
}
