import type { ExecutionContext } from "hono";
import { type ErrorDetails, isErrorCode, type Json, SessileError } from "../protocol/index.ts";

/** What serves the HTTP API: the app that `createSessile` returns. */
export interface SessionsApp {
  fetch(request: Request, env?: object, context?: ExecutionContext): Response | Promise<Response>;
}

/** One session, as the arguments of a tool name it. */
export interface SessionAddress {
  readonly kind?: string | undefined;
  readonly sessionId: string;
}

export interface ApiRequest {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly query?: { readonly [name: string]: string | number | undefined };
  readonly body?: Json;
  /** The command's id: sent again, it runs nothing twice. */
  readonly idempotencyKey?: string | undefined;
}

/** What a request says about its sender is kept; what it says about its own body and answer is not. */
const ownHeaders =
  /^(?:accept|connection|content-.*|expect|idempotency-key|if-.*|last-event-id|mcp-.*|range|sec-websocket-.*|transfer-encoding|upgrade)$/i;

/** A refusal of the HTTP API, with the id under which it was reported. */
export class ApiRefusal extends SessileError {
  readonly requestId: string | null;

  constructor(code: SessileError["code"], message: string, details: ErrorDetails, requestId: string | null) {
    super(code, message, details);
    this.requestId = requestId;
  }
}

/**
 * The HTTP API, asked from within the same Worker on behalf of whoever called the tool. Every rule about who may do what,
 * how often and with which bounds is therefore the one that HTTP has.
 */
export class SessionApi {
  readonly #app: SessionsApp;
  readonly #outer: Request;
  readonly #env: object;
  readonly #context: ExecutionContext | undefined;
  readonly #defaultKind: string;

  constructor(
    app: SessionsApp,
    outer: Request,
    env: object,
    context: ExecutionContext | undefined,
    defaultKind: string,
  ) {
    this.#app = app;
    this.#outer = outer;
    this.#env = env;
    this.#context = context;
    this.#defaultKind = defaultKind;
  }

  kindOf({ kind }: { readonly kind?: string | undefined }): string {
    return kind ?? this.#defaultKind;
  }

  /** Where a session's route lies, as an absolute address. */
  urlOf(address: SessionAddress, path = ""): URL {
    const { origin } = new URL(this.#outer.url);
    const name = encodeURIComponent(address.sessionId);
    return new URL(`/v1/sessions/${this.kindOf(address)}/${name}${path}`, origin);
  }

  /** A page of the directory. @throws ApiRefusal */
  list(query: NonNullable<ApiRequest["query"]>): Promise<unknown> {
    return this.#json(new URL("/v1/sessions", this.#outer.url), { query });
  }

  /** The JSON that a session's route answers. @throws ApiRefusal */
  json(address: SessionAddress, path: string, request: ApiRequest = {}): Promise<unknown> {
    return this.#json(this.urlOf(address, path), request);
  }

  /** @throws ApiRefusal */
  async send(url: URL, { method = "GET", query = {}, body, idempotencyKey }: ApiRequest): Promise<Response> {
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers = new Headers([...this.#outer.headers].filter(([name]) => !ownHeaders.test(name)));
    headers.set("accept", "application/json");
    if (idempotencyKey !== undefined) headers.set("idempotency-key", idempotencyKey);
    if (body !== undefined) headers.set("content-type", "application/json");
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await this.#app.fetch(new Request(url, init), this.#env, this.#context);
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  async #json(url: URL, request: ApiRequest): Promise<unknown> {
    return (await this.send(url, request)).json();
  }
}

async function refusalOf(response: Response): Promise<ApiRefusal> {
  const problem = (await response.json().catch(() => ({}))) as { readonly [key: string]: unknown };
  const { code, detail, requestId, type, title, status, retryAfter, ...details } = problem;
  return new ApiRefusal(
    typeof code === "string" && isErrorCode(code) ? code : "internal",
    typeof detail === "string" ? detail : "The server failed to do this.",
    details,
    typeof requestId === "string" ? requestId : null,
  );
}
