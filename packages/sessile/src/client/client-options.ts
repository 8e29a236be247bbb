import { assertSessionAddress } from "../protocol/index.ts";
import {
  alwaysOnline,
  type Clock,
  type Environment,
  isLoopback,
  type Network,
  type SocketConstructor,
  steady,
  systemClock,
  systemNetwork,
  type Transport,
} from "./environment.ts";
import type { DurableStore } from "./outbox/durable-outbox.ts";
import { serverUrlOf } from "./server-url.ts";

/** Where a session is. */
export interface SessionAddress {
  /** Address of the server, `https://…` or `wss://…`, with a path if it is mounted below one. Default: the page's origin. */
  readonly url?: string;
  readonly kind: string;
  readonly name: string;
}

export interface SessionClientOptions extends SessionAddress {
  /** At most this many of the latest events on the first visit. Default 200; events since then are always complete. */
  readonly history?: number;
  /** Events kept in the snapshot. Default 10,000. */
  readonly maxEvents?: number;
  /** Commands that may wait for an answer. Default 10,000; one more is refused with `limit_exceeded`. */
  readonly maxQueued?: number;
  /** False: only send commands; the snapshot then has no view and no events. Default true. */
  readonly events?: boolean;
  /** Identity of this client's commands. Default: random. Give one only together with an `epoch` that grows with every start. */
  readonly producer?: string;
  readonly epoch?: number;
  /** Keeps commands beyond this client: `indexedDbOutbox()`, or `sqliteOutbox()` of `sessile/client-node`. Not together with `producer`. */
  readonly outbox?: DurableStore;
  /** Id of the actor as the server names it, for commands given before the server ever named one. Null: nobody in particular. */
  readonly actorId?: string | null;
  /** "snapshot": begin, and after an absence go on, with the newest snapshot and what follows it. Default: every event missed. */
  readonly from?: "snapshot";
  /** `websocket()`, `sse()`, `longPoll()`, `poll()` or `auto()`. Default: a WebSocket. */
  readonly transport?: Transport;
  /** Sent with requests for parts and summaries, such as `authorization`. Transports over HTTP have their own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What makes those requests. Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Default: the platform's. */
  readonly WebSocket?: SocketConstructor;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly network?: Network;
}

export const defaultHistory = 200;
export const defaultMaxEvents = 10_000;
export const defaultMaxQueued = 10_000;

/** @throws SessileError `bad_request` for a malformed address, or where none is given and there is no page to take it from */
function baseUrlOf({ url, kind, name }: SessionAddress): URL {
  assertSessionAddress(kind, name);
  return new URL(`${serverUrlOf(url)}/v1/sessions/${kind}/${name}`);
}

export function httpUrlOf(address: SessionAddress): string {
  const url = baseUrlOf(address);
  return url.href.replace(/^ws/, "http");
}

export function socketUrlOf(address: SessionAddress): string {
  const url = baseUrlOf(address);
  return url.href.replace(/^http/, "ws");
}

export function environmentOf(options: SessionClientOptions, socketUrl: string): Environment {
  const network = options.network ?? (isLoopback(socketUrl) ? alwaysOnline : systemNetwork);
  return {
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    clock: steady(options.clock ?? systemClock),
    random: options.random ?? Math.random,
    network,
  };
}

/** Over 100 random bits: two clients never share one by chance. */
export function randomProducer(random: () => number): string {
  const part = () =>
    Math.floor(random() * 2 ** 52)
      .toString(36)
      .padStart(11, "0");
  return `c${part()}${part()}`;
}
