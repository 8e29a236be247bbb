import { createPublicKey, verify } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Arrivals } from "../arrivals.ts";
import { LocalServer } from "../local-server.ts";

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
export class WebhookReceiver extends LocalServer {
  readonly #arrivals = new Arrivals<WebhookCall>();

  constructor(http: Server) {
    super(http);
    http.on("request", (request, response) => void this.#receive(request, response));
  }

  next(): Promise<WebhookCall> {
    return this.#arrivals.next();
  }

  /** Calls that nobody has taken. */
  get left(): readonly string[] {
    return this.#arrivals.left.map(({ path }) => path);
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
    this.#arrivals.add(call);
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
