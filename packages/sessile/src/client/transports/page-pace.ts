/** Events a page asks for. */
const pageLimit = 500;
/** A page that takes too long is asked for again so many times shorter, because a slow line needs a page it can carry in time. */
const pageShrink = 8;

/** Pages read by requests: one at a time, each as long as the line can carry. */
export class PagePace {
  #limit = pageLimit;
  #isAwaited = false;
  #reading = new AbortController();

  /** Events to ask for. */
  get limit(): number {
    return this.#limit;
  }

  /** Whether a page was asked for that has not come. */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /**
   * Another page is asked for, which ends the reading under way. Who asks for one while one is awaited has waited too long for it.
   *
   * @returns aborted when this reading ends, or with `ended`
   * @throws Error if not even one event comes in time
   */
  begin(ended: AbortSignal): AbortSignal {
    this.#reading.abort();
    if (this.#isAwaited && this.#limit === 1) throw new Error("Not even one event comes in time.");
    const wanted = this.#isAwaited ? this.#limit / pageShrink : this.#limit * 2;
    this.#limit = Math.min(pageLimit, Math.ceil(wanted));
    this.#isAwaited = true;
    this.#reading = new AbortController();
    return AbortSignal.any([this.#reading.signal, ended]);
  }

  came(): void {
    this.#isAwaited = false;
  }
}
