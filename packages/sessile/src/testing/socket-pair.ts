/** What listeners of a fake socket get: the fields of the platform's open, message, close and error events that are used. */
export interface FakeSocketEvent {
  readonly type: "open" | "message" | "close" | "error";
  readonly data?: string;
  readonly code?: number;
  readonly reason?: string;
}

type Listener = (event: FakeSocketEvent) => void;

/** One end of a pair. Keeps the order of what it was sent, as a TCP connection does, unless a test meddles. */
export class FakeSocket {
  readonly url: string;
  readonly protocols: readonly string[];
  /** Texts on their way to this end. */
  readonly inbox: string[] = [];
  /** Everything this end has sent, for assertions. */
  readonly sent: string[] = [];
  readyState: 0 | 1 | 2 | 3 = 0;
  #peer: FakeSocket | null = null;
  #carry: (to: FakeSocket) => void = () => {};
  readonly #listeners = new Map<string, Listener[]>();

  constructor(url: string, protocols: readonly string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  join(peer: FakeSocket, carry: (to: FakeSocket) => void): void {
    this.#peer = peer;
    this.#carry = carry;
  }

  addEventListener(type: FakeSocketEvent["type"], listener: Listener): void {
    const listeners = this.#listeners.get(type);
    if (listeners) listeners.push(listener);
    else this.#listeners.set(type, [listener]);
  }

  /** Convenience for scripted ends. */
  onMessage(listener: (text: string) => void): void {
    this.addEventListener("message", ({ data }) => listener(data ?? ""));
  }

  send(text: string): void {
    if (this.readyState === 0) throw new Error("The socket is still connecting.");
    if (this.readyState !== 1) return;
    this.sent.push(text);
    if (!this.#peer) return;
    this.#peer.inbox.push(text);
    this.#carry(this.#peer);
  }

  close(code = 1005, reason = ""): void {
    if (this.readyState >= 2) return;
    this.readyState = 2;
    const peer = this.#peer;
    peer?.flush();
    peer?.end(code, reason);
    this.end(code, reason);
  }

  /** Hands the oldest waiting text to the listeners. False: there was none. */
  deliver(): boolean {
    if (this.readyState !== 1) return false;
    const data = this.inbox.shift();
    if (data === undefined) return false;
    this.#emit({ type: "message", data });
    return true;
  }

  flush(): void {
    while (this.deliver()) {
      // each turn hands over one text
    }
  }

  opened(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.#emit({ type: "open" });
  }

  end(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.inbox.length = 0;
    this.#emit({ type: "close", code, reason });
  }

  #emit(event: FakeSocketEvent): void {
    for (const listener of this.#listeners.get(event.type) ?? []) listener(event);
  }
}

export interface SocketPairOptions {
  /** `auto`: texts arrive in a later microtask. `manual`: the test delivers them. Default `auto`. */
  readonly delivery?: "auto" | "manual";
}

/** Two joined sockets and the wire between them. */
export class SocketPair {
  readonly client: FakeSocket;
  readonly server: FakeSocket;

  constructor(
    url = "ws://session.test/",
    protocols: readonly string[] = [],
    options: SocketPairOptions = {},
  ) {
    this.client = new FakeSocket(url, protocols);
    this.server = new FakeSocket(url, protocols);
    const carry =
      options.delivery === "manual" ? () => {} : (to: FakeSocket) => queueMicrotask(() => void to.deliver());
    this.client.join(this.server, carry);
    this.server.join(this.client, carry);
  }

  open(): void {
    this.server.opened();
    this.client.opened();
  }

  /** The connection breaks: what is under way is lost and both ends learn 1006. */
  break(): void {
    this.client.end(1006, "");
    this.server.end(1006, "");
  }

  /** The wire goes dead without a word: nothing arrives any more, neither end is told. */
  silence(): void {
    const lose = (to: FakeSocket) => {
      to.inbox.length = 0;
    };
    this.client.inbox.length = 0;
    this.server.inbox.length = 0;
    this.client.join(this.server, lose);
    this.server.join(this.client, lose);
  }
}

/** A WebSocket constructor whose sockets are the client ends of pairs given to `accept`, which opens them when it likes. */
export function fakeWebSocket(
  accept: (pair: SocketPair) => void,
  options: SocketPairOptions = {},
): new (
  url: string,
  protocols: string[],
) => FakeSocket {
  return class {
    constructor(url: string, protocols: string[]) {
      const pair = new SocketPair(url, protocols, options);
      queueMicrotask(() => accept(pair));
      // biome-ignore lint/correctness/noConstructorReturn: the pair makes both ends, and `new` is how clients make sockets
      return pair.client;
    }
  } as new (
    url: string,
    protocols: string[],
  ) => FakeSocket;
}
