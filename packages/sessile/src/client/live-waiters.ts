import type { SessileError } from "../protocol/index.ts";

interface LiveWaiter {
  readonly resolve: () => void;
  readonly reject: (error: SessileError) => void;
}

/** Those who wait until everything missed has arrived. */
export class LiveWaiters {
  #waiters: LiveWaiter[] = [];

  wait(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** @param error why it will not happen; null: it has */
  settle(error: SessileError | null): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { resolve, reject } of waiters) {
      if (error) reject(error);
      else resolve();
    }
  }
}
