import * as newest from "agents/client";
import * as oldest from "agents-0-21/client";

/** What these tests use of `AgentClient`. Its own types are left out: checking them costs more than all of these tests. */
export interface StockClient extends EventTarget {
  readonly ready: Promise<void>;
  readonly identified: boolean;
  readonly name: string;
  readonly agent: string;
  // biome-ignore lint/suspicious/noExplicitAny: states of many shapes
  readonly state: any;
  readonly readyState: number;
  readonly connectionError: { readonly code: number; readonly reason: string } | null;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the method answers
  call(method: string, args?: readonly unknown[], options?: object): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the method answers
  readonly stub: Record<string, (...args: readonly unknown[]) => Promise<any>>;
  setState(state: unknown): void;
  send(data: string | ArrayBuffer): void;
  reconnect(): void;
  close(): void;
}

export interface StockPackage {
  readonly version: string;
  readonly AgentClient: new (options: object) => StockClient;
  readonly agentFetch: (options: object, init?: RequestInit) => Promise<Response>;
}

/** Oldest and newest of the clients that are kept working, as they are published. */
export const stockPackages: readonly StockPackage[] = [
  { ...(oldest as unknown as StockPackage), version: "0.21.0" },
  { ...(newest as unknown as StockPackage), version: "0.32.0" },
];

/** The frames that come from now on. */
export function framesOf(client: StockClient): readonly unknown[] {
  const frames: unknown[] = [];
  client.addEventListener("message", (event) =>
    frames.push(JSON.parse((event as MessageEvent<string>).data)),
  );
  return frames;
}

/** What happened to a client, in order, and a way to wait for what is still to come. */
export class Watched {
  readonly client: StockClient;
  readonly seen: { readonly what: string; readonly value: unknown }[] = [];
  #wake = Promise.withResolvers<void>();

  constructor({ AgentClient }: StockPackage, options: object) {
    const note = (what: string, value: unknown) => {
      this.seen.push({ what, value });
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    };
    this.client = new AgentClient({
      // The first retry of a stock client comes after seconds.
      minReconnectionDelay: 50,
      maxReconnectionDelay: 200,
      ...options,
      onStateUpdate: (state: unknown, source: string) => note(`state from ${source}`, state),
      onStateUpdateError: (error: string) => note("state error", error),
      onIdentity: (name: string, agent: string) => note("identity", `${agent}/${name}`),
      onIdentityChange: (from: string, to: string) => note("other session", [from, to]),
      onConnectionError: (error: { code: number; reason: string }) => note("connection error", error.code),
    });
    this.client.addEventListener("message", (event) => {
      const { data } = event as MessageEvent<string>;
      const frame = data.startsWith("{") ? (JSON.parse(data) as { type?: string }) : {};
      if (frame.type === "sessile_signal") note("signal", frame);
    });
    this.client.addEventListener("open", () => note("open", null));
    this.client.addEventListener("close", (event) => note("close", (event as CloseEvent).code));
  }

  /** The values of everything of this name so far. */
  all(what: string): unknown[] {
    return this.seen.filter((one) => one.what === what).map(({ value }) => value);
  }

  /** Waits until `is` holds; asked after everything that happens. */
  async until(is: (watched: Watched) => boolean): Promise<void> {
    while (!is(this)) await this.#wake.promise;
  }

  /** The first value of this name, waiting for it if it has not come. */
  async first(what: string): Promise<unknown> {
    await this.until((watched) => watched.all(what).length > 0);
    return this.all(what)[0];
  }

  /** Waits until the server's state is `state`. */
  async showing(state: unknown): Promise<void> {
    await this.until(({ client }) => JSON.stringify(client.state) === JSON.stringify(state));
  }
}
