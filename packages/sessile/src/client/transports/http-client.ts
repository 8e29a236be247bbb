import {
  assertUserEventType,
  formatProducerPosition,
  type Json,
  SessileError,
  type SessionContract,
  type SessionView,
  type StateOf,
  type Summary,
  type SummaryStyle,
  type UsageRollup,
} from "../../protocol/index.ts";
import { backoffMs } from "../backoff.ts";
import { httpUrlOf, randomProducer, type SessionAddress } from "../client-options.ts";
import { type Clock, systemClock } from "../environment.ts";
import type { Appendable, AppendableType, EventOf, PayloadArgument } from "../session-types.ts";
import { asError, errorOf } from "./http-error.ts";

export interface HttpClientOptions extends SessionAddress {
  /** Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  /** Sent with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Tries of one request, the first included. Default 5. */
  readonly maxAttempts?: number;
}

/** One page of the log. Read on with `after: nextAfter`. */
export interface EventsPage<S> {
  readonly items: readonly EventOf<S>[];
  readonly nextAfter: number;
  readonly hasMore: boolean;
  /** Seq of the session's last event. */
  readonly lastSeq: number;
}

/** A summary as HTTP shows it: times as RFC 3339. */
export interface ShownSummary extends Omit<Summary, "createdAt"> {
  readonly sessionId: string;
  readonly createdAt: string;
}

export interface RequestedSummary extends ShownSummary {
  /** Seconds until one may be asked for again. */
  readonly cooldownRemaining: number;
}

export interface SummariesPage {
  readonly items: readonly ShownSummary[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

/** The view as HTTP shows it: times as RFC 3339. */
type ShownView<State> = Omit<SessionView<State>, "createdAt" | "updatedAt"> & {
  readonly createdAt: string;
  readonly updatedAt: string;
};

/** A session over plain HTTP, for what comes and goes too quickly for a socket. Reads and appends; nothing is pushed. */
export class HttpClient<S extends SessionContract> {
  readonly #url: string;
  readonly #options: HttpClientOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #producer: string;
  #nextN = 0;

  constructor(options: HttpClientOptions) {
    this.#url = httpUrlOf(options);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#producer = randomProducer(this.#random);
  }

  async getView(): Promise<SessionView<StateOf<S>>> {
    const view = (await this.#request("GET", "")) as unknown as ShownView<StateOf<S>>;
    return { ...view, createdAt: Date.parse(view.createdAt), updatedAt: Date.parse(view.updatedAt) };
  }

  async readEvents(range: { readonly after?: number; readonly limit?: number } = {}): Promise<EventsPage<S>> {
    const query = new URLSearchParams({ after: String(range.after ?? 0) });
    if (range.limit !== undefined) query.set("limit", String(range.limit));
    return (await this.#request("GET", `/events?${query}`)) as unknown as EventsPage<S>;
  }

  /** Appends once, however often it has to be sent. Returns the event as the log holds it. */
  async append<Type extends AppendableType<S>>(
    type: Type,
    ...[payload]: PayloadArgument<Appendable<S>[Type]>
  ): Promise<EventOf<S> & { readonly type: Type }> {
    assertUserEventType(type);
    const clientEventId = formatProducerPosition({ producer: this.#producer, epoch: 0, n: this.#nextN++ });
    const body = { clientEventId, type, ...(payload === undefined ? {} : { payload: payload as Json }) };
    return (await this.#request("POST", "/events", body)) as unknown as EventOf<S> & { readonly type: Type };
  }

  /**
   * Asks for a summary; null if it is still being made, and listed later.
   *
   * @throws SessileError `rate_limited` with `cooldownRemaining` in seconds; it is not waited out
   */
  async summarize(style: SummaryStyle = "brief"): Promise<RequestedSummary | null> {
    const answer = await this.#attempt("POST", "/summaries", { style }).catch(asError);
    if (answer instanceof SessileError) throw answer;
    const { summaryId } = answer.value as { readonly summaryId?: string };
    return summaryId === undefined ? null : (answer.value as unknown as RequestedSummary);
  }

  /** Newest first. Read on with `cursor: nextCursor`. */
  async listSummaries(
    page: { readonly limit?: number; readonly cursor?: string } = {},
  ): Promise<SummariesPage> {
    const query = new URLSearchParams();
    if (page.limit !== undefined) query.set("limit", String(page.limit));
    if (page.cursor !== undefined) query.set("cursor", page.cursor);
    return (await this.#request("GET", `/summaries?${query}`)) as unknown as SummariesPage;
  }

  /** What the session has used so far. */
  async getUsage(): Promise<UsageRollup> {
    return (await this.#request("GET", "/usage")) as unknown as UsageRollup;
  }

  /** Every request here may be repeated: reads change nothing, and an append carries its id. */
  async #request(method: "GET" | "POST", path: string, body?: Json): Promise<Json> {
    const attempts = this.#options.maxAttempts ?? 5;
    for (let failures = 0; ; failures++) {
      const error = await this.#attempt(method, path, body).catch(asError);
      if (!(error instanceof SessileError)) return error.value;
      if (!error.retryable || failures + 1 >= attempts) throw error;
      const delayMs = (error.details.retryAfterMs ?? 0) + backoffMs(failures, this.#random());
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, delayMs));
    }
  }

  async #attempt(method: string, path: string, body: Json | undefined): Promise<{ readonly value: Json }> {
    const headers = { accept: "application/json", ...this.#options.headers };
    const response = await (this.#options.fetch ?? globalThis.fetch)(this.#url + path, {
      method,
      headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await errorOf(response);
    return { value: (await response.json()) as Json };
  }
}
