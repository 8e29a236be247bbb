import type { EventSourceMessage } from "eventsource-parser";
import {
  type Commit,
  type Draft,
  type HelloFrame,
  type RequestAck,
  SessileError,
  type SessionEvent,
  type WelcomeFrame,
} from "../protocol/index.ts";
import type { Clock } from "./environment.ts";
import { eventStreamMessages } from "./transports/event-stream-reader.ts";
import { errorOf } from "./transports/http-error.ts";

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
  /** RFC 3339. */
  readonly createdAt: string;
  readonly draft: Draft | null;
  /** To be named with the next request, so that it tells of a change. */
  readonly draftVersion: string;
}

/** What a chunk of the stream brought; nothing at all shows that it lives. */
export interface Streamed {
  readonly events: readonly SessionEvent[];
  /** Null for none; absent if nothing is said of it. */
  readonly draft?: Draft | null;
}

/** For any one answer: one that never came would hold up everything after it. */
const answerWithinMs = 60_000;
const firstBytesWithinMs = 10_000;

/** Asks one session over HTTP what a socket's frames would. Every failure is a throw, of a `SessileError` if the server answered. */
export class SessionRequests {
  readonly #url: string;
  readonly #options: HttpTransportOptions;
  readonly #clock: Clock;

  constructor(url: string, options: HttpTransportOptions, clock: Clock) {
    this.#url = url;
    this.#options = options;
    this.#clock = clock;
  }

  welcome(query: URLSearchParams, signal: AbortSignal): Promise<WelcomeFrame> {
    return this.#within(answerWithinMs, signal, async (until) => {
      const response = await this.#ask(`/welcome?${query}`, { signal: until });
      return (await response.json()) as WelcomeFrame;
    });
  }

  /** @param waitSeconds how long the server may wait for asynchronous calls if nothing else is to be told */
  commands(
    commands: readonly object[],
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<readonly RequestAck[]> {
    return this.#within(answerWithinMs, signal, async (until) => {
      const response = await this.#ask("/commands", {
        method: "POST",
        body: JSON.stringify({ commands }),
        headers: { "content-type": "application/json", prefer: `respond-async, wait=${waitSeconds}` },
        signal: until,
      });
      return ((await response.json()) as { readonly items: readonly RequestAck[] }).items;
    });
  }

  /** Null: nothing is new since the answer with this ETag. */
  page(
    query: string,
    etag: string | null,
    signal: AbortSignal,
  ): Promise<{ readonly page: ReadPage; readonly etag: string | null } | null> {
    const headers: Record<string, string> = etag === null ? {} : { "if-none-match": etag };
    return this.#within(answerWithinMs, signal, async (until) => {
      const response = await this.#ask(`/events?${query}`, { headers, signal: until });
      if (response.status === 304) return null;
      return { page: (await response.json()) as ReadPage, etag: response.headers.get("etag") };
    });
  }

  /** What comes after `after`, chunk by chunk. The first has to come soon. */
  async *stream(after: number, signal: AbortSignal): AsyncGenerator<Streamed> {
    const headers = { accept: "text/event-stream" };
    const late = new AbortController();
    const timer = this.#clock.setTimeout(() => late.abort(), firstBytesWithinMs);
    const until = AbortSignal.any([signal, late.signal]);
    try {
      const { body } = await this.#ask(`/events?after=${after}&draft=`, { headers, signal: until });
      if (!body) throw new SessileError("unavailable", "The server sent no stream.");
      for await (const messages of eventStreamMessages(body)) {
        this.#clock.clearTimeout(timer);
        yield streamedOf(messages);
      }
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }

  async #within<T>(ms: number, signal: AbortSignal, run: (until: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController();
    const timer = this.#clock.setTimeout(() => late.abort(), ms);
    try {
      return await run(AbortSignal.any([signal, late.signal]));
    } finally {
      this.#clock.clearTimeout(timer);
    }
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

function streamedOf(messages: readonly EventSourceMessage[]): Streamed {
  const isDraft = ({ event }: EventSourceMessage): boolean => event === "draft";
  const draft = messages.findLast(isDraft);
  return {
    events: messages
      .filter((message) => !isDraft(message))
      .map(({ data }) => JSON.parse(data) as SessionEvent),
    ...(draft ? { draft: JSON.parse(draft.data) as Draft | null } : {}),
  };
}

/** Where the first page begins, as a socket's would. */
export function firstCursor(
  { after, history }: HelloFrame,
  { lastSeq, view, snapshot }: WelcomeFrame,
): number {
  const resumed = view === undefined ? after : undefined;
  return snapshot?.toSeq ?? resumed ?? Math.max(0, lastSeq - (history ?? lastSeq));
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
