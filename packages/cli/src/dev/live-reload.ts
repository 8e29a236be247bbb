import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const loopback = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

/** Tells open pages, over server-sent events, that they were built anew, or what is wrong. */
export class LiveReload {
  readonly #server: Server;
  readonly #pages = new Set<ServerResponse>();
  #build = crypto.randomUUID();
  #failure: string | null = null;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param port is taken if it is free, so that pages find the next one here as well */
  static async open(port: number): Promise<LiveReload> {
    const server = createServer();
    const live = new LiveReload(server);
    server.on("request", (request, response) => live.#answer(request, response));
    const isFree = await listen(server, port);
    if (!isFree) await listen(server, 0);
    return live;
  }

  /** What goes in front of a page's script. */
  get script(): string {
    return `(${followBuilds})("http://127.0.0.1:${this.#port}/");`;
  }

  /** Pages show their new build. */
  reload(): void {
    this.#build = crypto.randomUUID();
    this.#tell();
  }

  /** What pages show over what they show; null takes it away. */
  fail(message: string | null): void {
    if (this.#failure === message) return;
    this.#failure = message;
    this.#tell();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Failures quote source code, so other sites' pages are not told. */
  #answer({ headers }: IncomingMessage, response: ServerResponse): void {
    const { origin = "", host } = headers;
    if (host !== `127.0.0.1:${this.#port}` || !loopback.test(origin)) {
      response.writeHead(403).end();
      return;
    }
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "access-control-allow-origin": origin,
    });
    this.#pages.add(response);
    response.on("close", () => this.#pages.delete(response));
    response.write(this.#message());
  }

  #tell(): void {
    for (const page of this.#pages) page.write(this.#message());
  }

  #message(): string {
    return `data: ${JSON.stringify({ build: this.#build, failure: this.#failure })}\n\n`;
  }
}

/** @returns whether the port was free */
async function listen(server: Server, port: number): Promise<boolean> {
  const listening = once(server, "listening");
  server.listen(port, "127.0.0.1");
  return listening.then(
    () => true,
    () => false,
  );
}

/** Runs in the page: its text is sent, so it uses nothing of this module. */
const followBuilds = `function (url) {
  let build;
  let shown;
  new EventSource(url).onmessage = ({ data }) => {
    const news = JSON.parse(data);
    build ??= news.build;
    if (build !== news.build) return location.reload();
    shown?.remove();
    shown = undefined;
    if (news.failure === null) return;
    shown = document.createElement("pre");
    shown.textContent = news.failure;
    shown.style.cssText =
      "position:fixed;inset:auto 0 0;z-index:9999;margin:0;padding:1rem;max-height:60vh;overflow:auto;" +
      "background:#2b0d0d;color:#ffd7d7;font:14px/1.5 monospace;white-space:pre-wrap";
    shown.setAttribute("role", "alert");
    document.body.append(shown);
  };
}`;
