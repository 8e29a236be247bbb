import { type StockPackage, Watched } from "./stock-clients.ts";

/** What a contract needs of the server it is run against. */
export interface ServerControl {
  down(): Promise<void>;
  up(): Promise<void>;
  evict(className: string, name: string): Promise<void>;
}

/** One thing that stock clients see of a server, wherever they run: in Node as in browsers. It throws when it is broken. */
export interface ClientCase {
  readonly title: string;
  readonly run: (scene: Scene) => Promise<void>;
}

export const initialState = { count: 0, items: [], lastUpdated: null };

let names = 0;

/** A server, and the clients of one version that a case connects to it. */
export class Scene {
  readonly server: ServerControl;
  readonly #stock: StockPackage;
  readonly #host: string;
  readonly #open: Watched[] = [];

  constructor(stock: StockPackage, host: string, server: ServerControl) {
    this.#stock = stock;
    this.#host = host;
    this.server = server;
  }

  /** A name nobody has used. */
  name(): string {
    names += 1;
    return `case-${names}`;
  }

  /** A client that has only been made. */
  watch(options: object = {}): Watched {
    const watched = new Watched(this.#stock, { host: this.#host, agent: "TestStateAgent", ...options });
    this.#open.push(watched);
    return watched;
  }

  /** One that is connected, with its first state. */
  async connect(options: object = {}): Promise<Watched> {
    const watched = this.watch({ name: this.name(), ...options });
    await watched.client.ready;
    await watched.first("state from server");
    return watched;
  }

  /** Two of one session. */
  async pair(options: object = {}): Promise<[Watched, Watched]> {
    const name = this.name();
    return [await this.connect({ name, ...options }), await this.connect({ name, ...options })];
  }

  callables(options: object = {}): Promise<Watched> {
    return this.connect({ agent: "TestCallableAgent", ...options });
  }

  fetch(options: object, init?: RequestInit): Promise<Response> {
    return this.#stock.agentFetch({ host: this.#host, agent: "TestStateAgent", ...options }, init);
  }

  close(): void {
    for (const { client } of this.#open.splice(0)) client.close();
  }
}

/** The message that a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    (value) => `no refusal but ${JSON.stringify(value)}`,
    (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
  );
}

/** What the client warns of meanwhile. */
export async function warnings(body: () => Promise<void>): Promise<string> {
  const { warn } = console;
  const warned: unknown[] = [];
  console.warn = (...what: readonly unknown[]) => void warned.push(...what);
  try {
    await body();
    return warned.map(String).join("\n");
  } finally {
    console.warn = warn;
  }
}
