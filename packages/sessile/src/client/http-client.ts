import {
  assertUserEventType,
  formatProducerPosition,
  isErrorCode,
  type Json,
  SessileError,
  type SessionContract,
  type SessionView,
  type StateOf,
  type WireError,
} from "../protocol/index.ts";
import { backoffMs } from "./backoff.ts";
import { httpUrlOf, randomProducer, type SessionAddress } from "./client-options.ts";
import { type Clock, systemClock } from "./environment.ts";
import type { Appendable, AppendableType, EventOf, PayloadArgument } from "./session-types.ts";

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

/** `fetch` rejects only where no answer came, so that the same request is worth repeating. */
function asError(thrown: unknown): SessileError {
  if (thrown instanceof SessileError) return thrown;
  return new SessileError("unavailable", "The server could not be reached.", {}, { cause: thrown });
}

/** A refusal as the server's typed error; one that does not come from Sessile, as from a proxy, by its status alone. */
async function errorOf(response: Response): Promise<SessileError> {
  const retryAfterMs = Number(response.headers.get("retry-after")) * 1_000 || undefined;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  const problem = (await response.json().catch(() => null)) as
    | (WireError & { readonly detail?: string; readonly title?: string })
    | null;
  if (problem === null || typeof problem !== "object" || !isErrorCode(problem.code)) {
    return new SessileError(
      codeByStatus[response.status] ?? "internal",
      `The server answered ${response.status}.`,
      wait,
    );
  }
  const { code, field, limit, current, currentVersion } = problem;
  const details = {
    ...wait,
    ...(problem.retryAfterMs === undefined ? {} : { retryAfterMs: problem.retryAfterMs }),
    ...(field === undefined ? {} : { field }),
    ...(limit === undefined ? {} : { limit }),
    ...(current === undefined ? {} : { current }),
    ...(currentVersion === undefined ? {} : { currentVersion }),
  };
  return new SessileError(
    code,
    problem.detail ?? problem.message ?? problem.title ?? `The server answered ${response.status}.`,
    details,
  );
}

const codeByStatus: { readonly [status: number]: SessileError["code"] } = {
  400: "bad_request",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  429: "rate_limited",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};
