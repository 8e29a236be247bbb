import { createPublicKey, verify } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One call of a webhook, which waits for the test to answer it. */
export interface WebhookCall {
  readonly path: string;
  readonly signature: string;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it, and a wrong shape fails them
  readonly body: any;
  answer(status: number, body?: unknown, headers?: Record<string, string>): void;
}

/** Receives webhooks on this machine, one after the other. */
export class WebhookReceiver {
  readonly url: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #waiting: WebhookCall[] = [];
  #takers: ((call: WebhookCall) => void)[] = [];

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => void this.#receive(request, response));
  }

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new WebhookReceiver(server);
  }

  next(): Promise<WebhookCall> {
    const call = this.#waiting.shift();
    return call ? Promise.resolve(call) : new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Calls that nobody has taken. */
  get left(): readonly string[] {
    return this.#waiting.map(({ path }) => path);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString("utf8");
    const call: WebhookCall = {
      path: request.url ?? "",
      signature: String(request.headers["webhook-signature"]),
      text,
      body: JSON.parse(text),
      answer: (status, body = {}, headers = {}) => {
        response.writeHead(status, headers).end(JSON.stringify(body));
      },
    };
    const taker = this.#takers.shift();
    if (taker) taker(call);
    else this.#waiting.push(call);
  }
}

/** Whether a call was signed with one of these keys. */
export function isSigned(call: WebhookCall, keys: readonly (JsonWebKey & { kid?: string })[]): boolean {
  const [, time, kid, signature = ""] = /^t=(\d+),kid=([^,]+),ed25519=([\w-]+)$/.exec(call.signature) ?? [];
  const key = keys.find((candidate) => candidate.kid === kid);
  if (!key) return false;
  const publicKey = createPublicKey({ key: key as never, format: "jwk" });
  return verify(null, Buffer.from(`${time}.${call.text}`), publicKey, Buffer.from(signature, "base64url"));
}
