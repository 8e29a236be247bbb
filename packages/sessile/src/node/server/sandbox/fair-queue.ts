interface Waiting {
  readonly start: () => void;
}

/** Was not begun, because there was no place for so long. */
export class NoPlace extends Error {}

/**
 * A few places. Those who wait get them in turn by whom they are for, so that nobody waits for everything another one has ordered.
 */
export class FairQueue {
  readonly #waitMs: number;
  /** By whom they are for, whose turn is next first. */
  readonly #waiting = new Map<string, Waiting[]>();
  #free: number;

  constructor(places: number, waitMs: number) {
    this.#free = places;
    this.#waitMs = waitMs;
  }

  /** @throws NoPlace; the signal's reason, if it is aborted before there is a place */
  async run<T>(owner: string, signal: AbortSignal, body: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(owner, signal);
    try {
      signal.throwIfAborted();
      return await body();
    } finally {
      this.#pass();
    }
  }

  async #turn(owner: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const own = { start: resolve };
    const give = (reason: unknown) => {
      this.#remove(owner, own);
      reject(reason);
    };
    const left = () => give(signal.reason);
    const timer = setTimeout(() => give(new NoPlace()), this.#waitMs);
    signal.addEventListener("abort", left);
    this.#waiting.set(owner, [...(this.#waiting.get(owner) ?? []), own]);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", left);
    }
  }

  #pass(): void {
    const [turn] = this.#waiting;
    if (!turn) {
      this.#free += 1;
      return;
    }
    const [owner, [next, ...others]] = turn;
    // Whoever has had a turn is last again.
    this.#waiting.delete(owner);
    if (others.length > 0) this.#waiting.set(owner, others);
    next?.start();
  }

  #remove(owner: string, own: Waiting): void {
    const others = (this.#waiting.get(owner) ?? []).filter((one) => one !== own);
    if (others.length > 0) this.#waiting.set(owner, others);
    else this.#waiting.delete(owner);
  }
}
