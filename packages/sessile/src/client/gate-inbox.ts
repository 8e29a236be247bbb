import type { Gate, GateAnswer, Json, SessileError, SessionAddress } from "../protocol/index.ts";
import { backoffMs } from "./backoff.ts";
import { type Clock, type SocketConstructor, type SocketLike, systemClock } from "./environment.ts";
import { Listeners } from "./listeners.ts";
import { serverUrlOf } from "./server-url.ts";
import { asError, errorOf } from "./transports/http-error.ts";

/** A gate that waits, and where. */
export interface InboxItem {
  readonly kind: string;
  readonly name: string;
  /** The session's. */
  readonly title: string;
  /** What was too long for a list is left out, and `isShortened` says so; `root` is the session at the top of a child's tree. */
  readonly gate: Gate & { readonly isShortened?: true; readonly root?: SessionAddress };
  /** As far as the deployment knows; the session decides. */
  readonly mayAnswer: boolean;
}

export interface InboxSnapshot {
  /** What expires first comes first; null until they were read once. */
  readonly items: readonly InboxItem[] | null;
  /** There are more than were read. */
  readonly hasMore: boolean;
  /** Why the last read failed; null if it did not. */
  readonly error: SessileError | null;
}

export interface GateInboxOptions {
  /** Address of the server. Default: the page's origin. */
  readonly url?: string;
  /** Default: every kind. */
  readonly kind?: string;
  /** Only what the caller may answer. */
  readonly isMine?: boolean;
  /** At most so many, 1–100. Default 100. */
  readonly limit?: number;
  /** Milliseconds between reads while nothing is pushed. Default 30 s. */
  readonly everyMs?: number;
  /** Sent with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof globalThis.fetch;
  /** Default: the platform's; null: nothing is pushed. */
  readonly WebSocket?: SocketConstructor | null;
  readonly clock?: Clock;
}

/** What the live directory says of a session, as far as it is of interest here. */
interface ChangedSession {
  readonly kind: string;
  readonly name: string;
  readonly waiting?: number;
}

const nothingYet: InboxSnapshot = { items: null, hasMore: false, error: null };
const defaultEveryMs = 30_000;
/** Several changes in a row are one read. */
const gatherMs = 100;

/** What waits for somebody, in all sessions one may read. It follows along while somebody listens. */
export class GateInbox {
  readonly #options: GateInboxOptions;
  readonly #server: string;
  readonly #clock: Clock;
  readonly #listeners = new Listeners<undefined>();
  #listening = 0;
  #snapshot = nothingYet;
  #timer: unknown = null;
  #socket: SocketLike | null = null;
  #failures = 0;
  /** Reads begun, so that a late answer does not replace a newer one. */
  #reads = 0;
  #taken = 0;

  constructor(options: GateInboxOptions = {}) {
    this.#options = options;
    this.#server = serverUrlOf(options.url);
    this.#clock = options.clock ?? systemClock;
  }

  readonly getSnapshot = (): InboxSnapshot => this.#snapshot;

  /** Reads, and follows along until the returned function is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const remove = this.#listeners.add(listener);
    this.#listening += 1;
    if (this.#listening === 1) {
      this.#follow();
      void this.refresh();
    }
    return () => {
      remove();
      this.#listening -= 1;
      if (this.#listening === 0) this.#stop();
    };
  };

  /** Reads what waits now. Never rejects: the snapshot tells of a failure, and keeps what was known. */
  readonly refresh = async (): Promise<void> => {
    const read = ++this.#reads;
    const { kind, isMine, limit = 100 } = this.#options;
    const query = new URLSearchParams({ limit: String(limit) });
    if (kind !== undefined) query.set("kind", kind);
    if (isMine) query.set("mine", "1");
    const page = await this.#request("GET", `/v1/gates?${query}`).catch(asError);
    if (read < this.#taken) return;
    this.#taken = read;
    if ("code" in page) this.#show({ ...this.#snapshot, error: page });
    else this.#show({ ...(page as Pick<InboxSnapshot, "items" | "hasMore">), error: null });
    this.#later(this.#options.everyMs ?? defaultEveryMs);
  };

  /**
   * Answers one, once. The arguments that were shown are those that are answered: another call is refused.
   *
   * @throws SessileError `gate_closed` with how it ended, `forbidden`, `precondition_failed`
   */
  async answer(
    { kind, name, gate }: Pick<InboxItem, "kind" | "name" | "gate">,
    answer: string,
    more: Omit<GateAnswer, "answer"> = {},
  ): Promise<void> {
    const seen = gate.call ? { argumentsHash: gate.call.argumentsHash } : {};
    const path = `/v1/sessions/${kind}/${name}/gates/${encodeURIComponent(gate.gateId)}`;
    try {
      await this.#request("POST", path, { ...seen, ...more, answer } as unknown as Json);
    } catch (thrown) {
      throw asError(thrown);
    } finally {
      if (this.#listening > 0) this.#later(0);
    }
  }

  async #request(method: string, path: string, body?: Json): Promise<object> {
    const headers = { accept: "application/json", ...this.#options.headers };
    const response = await (this.#options.fetch ?? globalThis.fetch)(this.#server + path, {
      method,
      headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await errorOf(response);
    return (await response.json()) as object;
  }

  /** The same object until something has changed. */
  #show(next: InboxSnapshot): void {
    const [shown, known] = [next, this.#snapshot].map(({ items, hasMore, error }) =>
      JSON.stringify([items, hasMore, error?.message]),
    );
    if (shown === known) return;
    this.#snapshot = next;
    this.#listeners.emit(undefined);
  }

  #later(delayMs: number): void {
    this.#clock.clearTimeout(this.#timer);
    if (this.#listening === 0) return;
    this.#timer = this.#clock.setTimeout(() => void this.refresh(), delayMs);
  }

  /** The live directory says when a session's gates may have changed. Without it the list is read now and then. */
  #follow(): void {
    const WebSocket = this.#options.WebSocket === undefined ? globalThis.WebSocket : this.#options.WebSocket;
    if (!WebSocket || this.#listening === 0) return;
    const { kind } = this.#options;
    const query = kind === undefined ? "" : `?kind=${kind}`;
    const socket = new WebSocket(`${this.#server.replace(/^http/, "ws")}/v1/sessions${query}`, []);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#failures = 0;
      this.#later(0);
    });
    socket.addEventListener("message", ({ data }) => {
      if (this.#concerns(data)) this.#later(gatherMs);
    });
    socket.addEventListener("close", ({ code = 1006 }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      // Refused for good: the clock is enough.
      if (code >= 4000) return;
      const delayMs = 1000 + backoffMs(this.#failures++, Math.random());
      this.#clock.setTimeout(() => !this.#socket && this.#follow(), delayMs);
    });
  }

  /** Whether something waits where something has changed, or is shown as if it did. */
  #concerns(frame: unknown): boolean {
    try {
      const { changes } = JSON.parse(String(frame)) as { readonly changes: readonly ChangedSession[] };
      const shown = this.#snapshot.items ?? [];
      return changes.some(
        ({ kind, name, waiting = 0 }) =>
          waiting > 0 || shown.some((item) => item.kind === kind && item.name === name),
      );
    } catch {
      return false;
    }
  }

  #stop(): void {
    this.#clock.clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
