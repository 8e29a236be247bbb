/** When a stream could not be asked, or a crash came before its answer. */
export const settleAgainMs = 10_000;

/** The object's one alarm: for what is due next, and for streams that are still to be asked. Setting it is a billed row. */
export class SubscriptionAlarm {
  readonly #setAlarm: (at: number) => void;
  #armedAt: number | null = null;
  /** Kept from the first wish to ask again: what happens meanwhile must not put it off. */
  #settleAt: number | null = null;

  constructor(setAlarm: (at: number) => void) {
    this.#setAlarm = setAlarm;
  }

  rang(): void {
    this.#armedAt = null;
    this.#settleAt = null;
  }

  arm(now: number, nextDue: number | null, isUnsettled: boolean): void {
    this.#settleAt = isUnsettled ? (this.#settleAt ?? now + settleAgainMs) : null;
    const next = Math.min(nextDue ?? Number.POSITIVE_INFINITY, this.#settleAt ?? Number.POSITIVE_INFINITY);
    if (next === Number.POSITIVE_INFINITY || next === this.#armedAt) return;
    this.#armedAt = next;
    this.#setAlarm(next);
  }
}
