import {
  type Ack,
  type Commit,
  SessileError,
  type SessionEvent,
  type WelcomeFrame,
} from "../protocol/index.ts";
import { errorOf } from "./http-error.ts";

export interface HttpTransportOptions {
  /** Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Sent with every request, such as `authorization`; a function is asked each time. */
  readonly headers?:
    | Readonly<Record<string, string>>
    | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);
  /** Whether cookies go along to another origin. Default: the platform's. */
  readonly credentials?: RequestCredentials;
}

export interface ReadPage {
  readonly items: readonly SessionEvent[];
  readonly nextAfter: number;
  readonly hasMore: boolean;
  readonly lastSeq: number;
}

/** Asks one session over HTTP what a socket's frames would. Every failure is a throw, of a `SessileError` if the server answered. */
export class SessionRequests {
  readonly #url: string;
  readonly #options: HttpTransportOptions;

  constructor(url: string, options: HttpTransportOptions) {
    this.#url = url;
    this.#options = options;
  }

  async welcome(query: URLSearchParams, signal: AbortSignal): Promise<WelcomeFrame> {
    return (await this.#ask(`/welcome?${query}`, { signal })).json() as Promise<WelcomeFrame>;
  }

  async commands(body: string, signal: AbortSignal): Promise<readonly Ack[]> {
    const headers = { "content-type": "application/json" };
    const response = await this.#ask("/commands", { method: "POST", body, headers, signal });
    return ((await response.json()) as { readonly items: readonly Ack[] }).items;
  }

  /** Null: nothing is new since the answer with this ETag. */
  async page(
    query: string,
    etag: string | null,
    signal: AbortSignal,
  ): Promise<{ readonly page: ReadPage; readonly etag: string | null } | null> {
    const headers: Record<string, string> = etag === null ? {} : { "if-none-match": etag };
    const response = await this.#ask(`/events?${query}`, { headers, signal });
    if (response.status === 304) return null;
    return { page: (await response.json()) as ReadPage, etag: response.headers.get("etag") };
  }

  async stream(after: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const headers = { accept: "text/event-stream" };
    const { body } = await this.#ask(`/events?after=${after}`, { headers, signal });
    if (!body) throw new SessileError("unavailable", "The server sent no stream.");
    return body;
  }

  async #ask(path: string, init: RequestInit): Promise<Response> {
    const { fetch = globalThis.fetch, headers = {}, credentials } = this.#options;
    const response = await fetch(this.#url + path, {
      ...init,
      // The browser's own cache would answer a condition itself, and turn 304 into 200.
      cache: "no-store",
      headers: { ...(typeof headers === "function" ? await headers() : headers), ...init.headers },
      ...(credentials === undefined ? {} : { credentials }),
    });
    if (!response.ok && response.status !== 304) throw await errorOf(response);
    return response;
  }
}

/** One event as a commit of its own, for what folds commits; how events were packed changes no view. */
export function commitOf(event: SessionEvent): Commit {
  const { seq, type, actor, clientEventId, payload, createdAt } = event;
  return {
    firstSeq: seq,
    at: Date.parse(createdAt),
    actors: actor ? [actor] : [],
    events: [
      {
        type,
        ...(actor ? { by: 0 } : {}),
        ...(clientEventId === null ? {} : { clientEventId }),
        ...(payload === null ? {} : { payload }),
      },
    ],
  };
}
