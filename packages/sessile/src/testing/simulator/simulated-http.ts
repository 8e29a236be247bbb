import type { Random } from "./random.ts";
import type { SimulatedWorker, WorkerRequest } from "./simulated-worker.ts";
import type { World } from "./world.ts";

/** What can go wrong on the way between a client and its session. */
export interface Line {
  break(): void;
  silence(): void;
  dawdle(ms: number): void;
}

/** A request that is not over: its answer has not come, or its stream goes on. */
interface Exchange {
  /** The client is told that it is over. Once. */
  readonly fail: (reason: unknown) => void;
  worker: WorkerRequest | null;
  /** Nothing more comes through. */
  isSilent: boolean;
}

/** The network under `fetch`: requests and answers take their time, and are lost; streams break. */
export class SimulatedHttp implements Line {
  readonly #world: World;
  readonly #random: Random;
  readonly #worker: SimulatedWorker;
  readonly #owner: string;
  readonly #isUp: () => "up" | "down" | "swallowing";
  readonly #open = new Set<Exchange>();
  #slowUntil = 0;

  constructor(
    world: World,
    worker: SimulatedWorker,
    owner: string,
    isUp: () => "up" | "down" | "swallowing",
  ) {
    this.#world = world;
    this.#random = world.random.fork(`http ${owner}`);
    this.#worker = worker;
    this.#owner = owner;
    this.#isUp = isUp;
  }

  readonly fetch: typeof globalThis.fetch = (input, init = {}) =>
    new Promise((resolve, reject) => {
      const { signal = null, method = "GET", headers = {}, body = null } = init;
      const label = `${this.#owner} ${method} ${String(input)}`;
      const exchange: Exchange = {
        worker: null,
        isSilent: this.#isUp() === "swallowing",
        fail: (reason) => {
          this.#end(exchange);
          reject(reason);
        },
      };
      this.#open.add(exchange);
      signal?.addEventListener("abort", () => exchange.fail(signal.reason));
      if (signal?.aborted) return exchange.fail(signal.reason);
      if (this.#isUp() === "down") return exchange.fail(new TypeError("fetch failed"));
      this.#travel(exchange, `${label} →`, () => {
        const path = String(input).replace(/^.*\/v1\/sessions\/[^/]+\/[^/?]+/, "http://worker.test");
        exchange.worker = this.#worker.handle(new Request(path, { method, headers, body }), this.#owner);
        exchange.worker.response.then(
          (response) => this.#answer(exchange, label, response, resolve),
          (thrown: unknown) => this.#world.fail(`${label} threw ${String(thrown)}`),
        );
      });
    });

  break(): void {
    for (const exchange of this.#open) exchange.fail(new TypeError("terminated"));
  }

  silence(): void {
    for (const exchange of this.#open) {
      exchange.isSilent = true;
      const keepAliveMs = this.#random.between(60_000, 200_000);
      this.#world.timeline.plan(keepAliveMs, `${this.#owner} keep-alive`, () => exchange.worker?.abandon());
    }
  }

  dawdle(ms: number): void {
    this.#slowUntil = this.#world.timeline.now + ms;
  }

  #end(exchange: Exchange): void {
    this.#open.delete(exchange);
    exchange.worker?.abandon();
  }

  async #answer(
    exchange: Exchange,
    label: string,
    response: Response,
    resolve: (response: Response) => void,
  ): Promise<void> {
    const { status, headers, body } = response;
    if (body && headers.get("content-type") === "text/event-stream") {
      const stream = this.#streamed(exchange, label, body);
      this.#travel(exchange, `${label} ←`, () => resolve(new Response(stream, { status, headers })));
      return;
    }
    const text = await response.text();
    this.#travel(exchange, `${label} ← ${status}`, () => {
      this.#open.delete(exchange);
      resolve(new Response(status === 304 ? null : text, { status, headers }));
    });
  }

  /** Chunks of a body that arrive later, in their order, until the stream breaks. */
  #streamed(exchange: Exchange, label: string, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    let lastAt = 0;
    const later = (arrive: () => void) => {
      const { timeline, trouble } = this.#world;
      lastAt = Math.max(lastAt, timeline.now + this.#random.between(0, trouble.maxLatencyMs));
      timeline.plan(lastAt - timeline.now, `${label} …`, () => {
        if (!exchange.isSilent && this.#open.has(exchange)) arrive();
      });
    };
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        const { fail } = exchange;
        Object.assign(exchange, {
          fail: (reason: unknown) => {
            if (!this.#open.has(exchange)) return;
            fail(reason);
            controller.error(reason);
            reader.cancel().catch(() => {});
          },
        });
        const pump = async () => {
          for (let read = await reader.read(); !read.done; read = await reader.read()) {
            const { value } = read;
            later(() => controller.enqueue(value));
          }
        };
        pump().catch((thrown: unknown) => later(() => exchange.fail(thrown)));
      },
      cancel: () => {
        this.#end(exchange);
        return reader.cancel();
      },
    });
  }

  #travel(exchange: Exchange, label: string, arrive: () => void): void {
    const { timeline, trouble } = this.#world;
    if (this.#random.chance(trouble.requestLoss)) exchange.isSilent = true;
    const delayMs =
      this.#random.between(0, trouble.maxLatencyMs) + Math.max(0, this.#slowUntil - timeline.now);
    timeline.plan(delayMs, label, () => {
      if (exchange.isSilent || !this.#open.has(exchange)) return;
      this.#world.note(label);
      arrive();
    });
  }
}
