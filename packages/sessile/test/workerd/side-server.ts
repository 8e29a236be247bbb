import type { Server, ServerResponse } from "node:http";
import { LocalServer } from "../local-server.ts";

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
export class SideServer extends LocalServer {
  /** Paths in the order they were asked for, repeats included. */
  readonly asked: string[] = [];
  readonly #arrived: Arrival[] = [];
  #waiting: { readonly path: string; readonly resolve: (arrival: Arrival) => void }[] = [];

  constructor(http: Server) {
    super(http);
    http.on("request", (request, response) => this.#arrive((request.url ?? "/").slice(1), response));
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
