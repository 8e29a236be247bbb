import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type SandboxAddress, type SandboxOrder, sandboxOutcomeHeader } from "../../../protocol/sandbox.ts";
import type { ServeOptions } from "../options.ts";
import { FairQueue, NoPlace } from "./fair-queue.ts";
import { runSandboxProcess, type SandboxRuntime } from "./sandbox-process.ts";

/** More would take the machine from the sessions. */
const maxProcesses = 2;
/** For a place. */
const waitMs = 60_000;

/** Runs throw-away Workers for the Worker that knows the address, each in a process of its own. */
export class SandboxService {
  readonly #runtime: SandboxRuntime;
  readonly #report: (message: string) => void;
  readonly #closing = new AbortController();
  readonly #queue = new FairQueue(maxProcesses, waitMs);
  readonly #path = `/${randomBytes(24).toString("base64url")}`;
  readonly #running = new Set<Promise<unknown>>();
  #server: Server | null = null;

  constructor(runtime: SandboxRuntime, report: (message: string) => void) {
    this.#runtime = runtime;
    this.#report = report;
  }

  /** What a worker loader's binding is bound to; null, and nobody listens, where there is none. */
  async addressFor({
    workerLoaders = [],
  }: Pick<ServeOptions, "workerLoaders">): Promise<SandboxAddress | null> {
    if (workerLoaders.length === 0) return null;
    this.#server ??= await this.#listen();
    const { port } = this.#server.address() as AddressInfo;
    return { sandboxUrl: `http://127.0.0.1:${port}${this.#path}` };
  }

  /** Ends what runs; resolves once none of it is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#server?.closeAllConnections();
    this.#server?.close();
    await Promise.allSettled(this.#running);
  }

  async #listen(): Promise<Server> {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server.unref();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url !== this.#path || request.method !== "POST") return void response.writeHead(404).end();
    const left = new AbortController();
    response.on("close", () => left.abort());
    try {
      const order = JSON.parse((await buffer(request)).toString()) as SandboxOrder;
      const signal = AbortSignal.any([left.signal, this.#closing.signal]);
      const { outcome, output } = await this.#queue.run(order.owner, signal, () =>
        this.#kept(runSandboxProcess(order, this.#runtime, signal)),
      );
      response.writeHead(200, { [sandboxOutcomeHeader]: outcome }).end(output);
    } catch (thrown) {
      if (thrown instanceof NoPlace) return void response.writeHead(503).end();
      if (!left.signal.aborted && !this.#closing.signal.aborted) this.#report(String(thrown));
      response.writeHead(500).end();
    }
  }

  async #kept<T>(running: Promise<T>): Promise<T> {
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}
