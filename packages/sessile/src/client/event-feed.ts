import { SessileError } from "../protocol/index.ts";
import { Listeners } from "./listeners.ts";
import type { SessionStore } from "./session-store.ts";
import type { EventOf } from "./session-types.ts";

export type EventsListener<S> = (events: readonly EventOf<S>[]) => void;

/** Events as they come: a listener gets those of one frame at once, an iterator one after the other. */
export interface SessionEvents<S> extends AsyncIterable<EventOf<S>> {
  /** Events from now on. Returns a function that stops them. */
  subscribe(listener: EventsListener<S>): () => void;
  /**
   * Every event held and then every new one, in order. Ends when the client is closed.
   *
   * @throws SessileError `limit_exceeded` if the reader is slower than the window (`maxEvents`) is long; the reason of
   *   a refusal by the server
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<EventOf<S>>;
}

const batchSize = 256;

/** Hands events to listeners and iterators. Iterators read from the window, so a slow one holds no memory of its own. */
export class EventFeed<S> implements SessionEvents<S> {
  readonly #store: SessionStore<S>;
  readonly #listeners = new Listeners<readonly EventOf<S>[]>();
  #batch: EventOf<S>[] = [];
  #wakers: (() => void)[] = [];
  #end: { readonly error: SessileError | null } | null = null;

  constructor(store: SessionStore<S>) {
    this.#store = store;
  }

  subscribe(listener: EventsListener<S>): () => void {
    return this.#listeners.add(listener);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EventOf<S>, undefined, undefined> {
    let generation = this.#store.generation;
    let after: number | null = null;
    for (;;) {
      if (generation !== this.#store.generation) {
        generation = this.#store.generation;
        after = null;
      }
      const firstSeq = this.#store.window.firstSeq;
      if (after !== null && firstSeq !== null && firstSeq > after + 1) throw tooSlow();
      const events = this.#store.window.after(after ?? 0, batchSize);
      for (const event of events) {
        if (generation !== this.#store.generation) break;
        after = event.seq;
        yield event;
      }
      if (events.length > 0) continue;
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return undefined;
      await new Promise<void>((wake) => this.#wakers.push(wake));
    }
  }

  /** Gathers the events of a frame. */
  add(events: readonly EventOf<S>[]): void {
    for (const event of events) this.#batch.push(event);
  }

  /** Hands out what was gathered. */
  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = Object.freeze(this.#batch);
    this.#batch = [];
    this.#wake();
    this.#listeners.emit(batch);
  }

  reopen(): void {
    this.#end = null;
  }

  /** @param error null when the client itself closed */
  finish(error: SessileError | null): void {
    this.#end = { error };
    this.#wake();
  }

  #wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }
}

function tooSlow(): SessileError {
  const message =
    "The reader fell behind by more events than the client keeps. Raise maxEvents, or read over HTTP.";
  return new SessileError("limit_exceeded", message, { limit: "maxEvents" });
}
