import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One call of the Worker that waits for the test to end it. */
export interface Arrival {
  readonly path: string;
  answer(value: unknown): void;
  fail(): void;
}

/**
 * The outside world of the Worker under test: each of its requests waits until the test says how it ends, so that a test can
 * hold work exactly where it wants to evict, kill or restart.
 */
export class SideServer {
  /** Paths in the order they were asked for, repeats included. */
  readonly asked: string[] = [];
  readonly url: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #arrived: Arrival[] = [];
  #waiting: { readonly path: string; readonly resolve: (arrival: Arrival) => void }[] = [];

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => this.#arrive((request.url ?? "/").slice(1), response));
  }

  static async start(): Promise<SideServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new SideServer(server);
  }

  /** The next request for this path that nobody has taken yet. */
  next(path: string): Promise<Arrival> {
    const at = this.#arrived.findIndex((arrival) => arrival.path === path);
    const [arrival] = at < 0 ? [] : this.#arrived.splice(at, 1);
    if (arrival) return Promise.resolve(arrival);
    return new Promise((resolve) => this.#waiting.push({ path, resolve }));
  }

  timesAsked(path: string): number {
    return this.asked.filter((asked) => asked === path).length;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #arrive(path: string, response: ServerResponse): void {
    this.asked.push(path);
    const arrival: Arrival = {
      path,
      answer: (value) => response.end(JSON.stringify(value)),
      fail: () => response.writeHead(500).end(),
    };
    const at = this.#waiting.findIndex((waiter) => waiter.path === path);
    const [waiter] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (waiter) waiter.resolve(arrival);
    else this.#arrived.push(arrival);
  }
}
