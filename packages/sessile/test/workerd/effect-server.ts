import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What tools do outside: an effect for each idempotency key, however often it is asked for. */
export class EffectServer {
  readonly url: string;
  /** Requests by path and key. One above the first is a repeat that was recognised. */
  readonly requests = new Map<string, number>();
  /** Runs before an effect is answered, once it has happened. */
  beforeAnswer: (path: string, key: string) => void | Promise<void> = () => {};
  readonly #server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", async (request, response) => {
      const path = request.url ?? "/";
      const key = String(request.headers["idempotency-key"]);
      const id = `${path} ${key}`;
      this.requests.set(id, (this.requests.get(id) ?? 0) + 1);
      await this.beforeAnswer(path, key);
      response.end(JSON.stringify({ done: path.split("/").slice(2) }));
    });
  }

  static async start(): Promise<EffectServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new EffectServer(server);
  }

  /** Effects below a path: each once. */
  effects(prefix: string): readonly string[] {
    return [...this.requests.keys()].filter((id) => id.startsWith(prefix)).sort();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
