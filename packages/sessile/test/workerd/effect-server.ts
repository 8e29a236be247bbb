import type { Server } from "node:http";
import { LocalServer } from "../local-server.ts";

/** What tools do outside: an effect for each idempotency key, however often it is asked for. */
export class EffectServer extends LocalServer {
  /** Requests by path and key. One above the first is a repeat that was recognised. */
  readonly requests = new Map<string, number>();
  /** Runs before an effect is answered, once it has happened. */
  beforeAnswer: (path: string, key: string) => void | Promise<void> = () => {};

  constructor(http: Server) {
    super(http);
    http.on("request", async (request, response) => {
      const path = request.url ?? "/";
      const key = String(request.headers["idempotency-key"]);
      const id = `${path} ${key}`;
      this.requests.set(id, (this.requests.get(id) ?? 0) + 1);
      await this.beforeAnswer(path, key);
      response.end(JSON.stringify({ done: path.split("/").slice(2) }));
    });
  }

  /** Effects below a path: each once. */
  effects(prefix: string): readonly string[] {
    return [...this.requests.keys()].filter((id) => id.startsWith(prefix)).sort();
  }
}
