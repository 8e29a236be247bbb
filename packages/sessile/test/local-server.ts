import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server on a free port of this machine; what it answers is the subclass's. */
export class LocalServer {
  readonly url: string;
  readonly #http: Server;

  /** @param http listens already */
  constructor(http: Server) {
    this.#http = http;
    this.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  }

  static async start<Started>(this: new (http: Server) => Started): Promise<Started> {
    const http = createServer().listen(0, "127.0.0.1");
    await once(http, "listening");
    return new this(http);
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}
