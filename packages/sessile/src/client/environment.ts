/** What the client needs from the machine it runs on. Everything is injectable, so that a test can own time and the network. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

export interface SocketEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
}

/** How frames travel. */
export type TransportName = "websocket" | "sse" | "longpoll" | "poll";

/** The part of WebSocket that is used, so that `ws`, a browser's, Node's and a fake all fit. */
export interface SocketLike {
  /** Absent on a real socket. */
  readonly via?: TransportName;
  /** Other tabs use it too, so it carries no audio. */
  readonly isShared?: true;
  /** Asks for what is new, where it would not come by itself; resolves when it is there, or when the connection is lost. */
  refresh?(): Promise<void> | undefined;
  /** "arraybuffer": how a socket that carries audio is to hand it over. */
  binaryType?: string;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(
    type: "open" | "message" | "close" | "error",
    listener: (event: SocketEvent) => void,
  ): void;
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

/** Whether the machine has a network, and when that changes. */
export interface Network {
  isOnline(): boolean;
  /** Returns a function that stops listening. */
  listen(changed: (online: boolean) => void): () => void;
}

/** Opens what the connection talks through. `url` is the session's, beginning with `ws`. */
export interface Transport {
  readonly name: TransportName | "auto";
  open(url: string, environment: Environment): SocketLike;
}

export interface Environment {
  readonly WebSocket: SocketConstructor;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly network: Network;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/**
 * A clock that goes on when the machine's is set back, and at which no timer is early: what waits for a time is over when it has
 * waited as long as it was to.
 */
export function steady(clock: Clock): Clock {
  let latest = 0;
  let ahead = 0;
  const now = (atLeast = 0): number => {
    const told = clock.now();
    latest = Math.max(latest, atLeast, told + ahead);
    ahead = latest - told;
    return latest;
  };
  return {
    now: () => now(),
    setTimeout: (run, delayMs) => {
      const due = now() + delayMs;
      // Node warns of a time that is over.
      return clock.setTimeout(
        () => {
          now(due);
          run();
        },
        Math.max(0, delayMs),
      );
    },
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
}

/** Node has a `navigator` without `onLine`; there the answer is always yes. */
export const systemNetwork: Network = {
  isOnline: () => globalThis.navigator?.onLine !== false,
  listen: (changed) => {
    if (typeof globalThis.addEventListener !== "function") return () => {};
    const online = () => changed(true);
    const offline = () => changed(false);
    globalThis.addEventListener("online", online);
    globalThis.addEventListener("offline", offline);
    return () => {
      globalThis.removeEventListener("online", online);
      globalThis.removeEventListener("offline", offline);
    };
  },
};

/** A browser without a network still reaches a server on its own machine, so nothing it says about the network counts there. */
export const alwaysOnline: Network = {
  isOnline: () => true,
  listen: () => () => {},
};

export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    hostname.startsWith("127.")
  );
}
