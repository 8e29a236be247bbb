import { type Clock, SessionClient, type SessionClientOptions } from "../client/index.ts";
import type { SessionContract } from "../protocol/index.ts";

/** How long a client outlives its last component: past a remount by StrictMode or a change of page. */
export const lingerMs = 2_000;
/** How long at most it stays, after that, to hand over commands that are still unanswered. */
export const drainWithinMs = 30_000;

/** A client and how to keep it. */
export interface SharedClient<S extends SessionContract> {
  readonly client: SessionClient<S>;
  /** Connects, and stays connected until the returned function is called as often as this one. */
  hold(): () => void;
}

type Make = (options: SessionClientOptions) => SessionClient<SessionContract>;

/** Clients by address, so that all components of a page share one socket per session. */
export class SharedClients {
  readonly #entries = new Map<string, Entry>();
  /** Tells transports and outboxes apart; the same object is the same one. */
  readonly #numbers = new WeakMap<object, number>();
  readonly #clock: Clock;
  readonly #make: Make;
  #count = 0;

  constructor(clock: Clock, make: Make = (options) => new SessionClient(options)) {
    this.#clock = clock;
    this.#make = make;
  }

  /** Clients that are connected or may soon be. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * The client of an address. Called while rendering, so it neither connects nor counts: what is rendered may never be
   * mounted, and then the client is forgotten again.
   */
  get<S extends SessionContract>(options: SessionClientOptions): SharedClient<S> {
    const { url = "", kind, name, transport, outbox, from = "log" } = options;
    const key = `${url} ${kind}/${name} ${from} ${this.#numberOf(transport)} ${this.#numberOf(outbox)}`;
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = new Entry(this.#make(options), this.#clock, {
        kept: (kept) => void (this.#entries.has(key) || this.#entries.set(key, kept)),
        dropped: (dropped) => void (this.#entries.get(key) === dropped && this.#entries.delete(key)),
      });
      this.#entries.set(key, entry);
    }
    return entry as unknown as SharedClient<S>;
  }

  #numberOf(thing: object | undefined): number {
    if (!thing) return 0;
    const number = this.#numbers.get(thing) ?? ++this.#count;
    this.#numbers.set(thing, number);
    return number;
  }
}

interface Registry {
  kept(entry: Entry): void;
  dropped(entry: Entry): void;
}

class Entry implements SharedClient<SessionContract> {
  readonly client: SessionClient<SessionContract>;
  readonly #clock: Clock;
  readonly #registry: Registry;
  #holders = 0;
  #timer: unknown;

  constructor(client: SessionClient<SessionContract>, clock: Clock, registry: Registry) {
    this.client = client;
    this.#clock = clock;
    this.#registry = registry;
    this.#timer = this.#closeLater();
  }

  hold(): () => void {
    this.#holders += 1;
    if (this.#holders === 1) {
      this.#clock.clearTimeout(this.#timer);
      // A component may be mounted so long after it was rendered that the client was given up in between.
      this.#registry.kept(this);
      this.client.start();
    }
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.#timer = this.#closeLater();
    };
  }

  #closeLater(until = this.#clock.now() + drainWithinMs): unknown {
    return this.#clock.setTimeout(() => {
      const { connection, pending, unsentUpdates } = this.client.getSnapshot();
      const mayDrain =
        connection !== "idle" && pending.length + unsentUpdates > 0 && this.#clock.now() < until;
      if (mayDrain) {
        this.#timer = this.#closeLater(until);
        return;
      }
      this.#registry.dropped(this);
      this.client.close();
    }, lingerMs);
  }
}
