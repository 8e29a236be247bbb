/** The latest events, bounded. Appending costs nothing per event held; the frozen copy is made only if somebody looks. */
export class EventWindow<Event extends { readonly seq: number }> {
  readonly #max: number;
  #events: Event[] = [];
  #view: readonly Event[] | null = Object.freeze([]);

  constructor(max: number) {
    this.#max = max;
  }

  /** The same array until something is added. */
  get latest(): readonly Event[] {
    this.#view ??= Object.freeze(this.#events.slice(-this.#max));
    return this.#view;
  }

  /** Seq of the oldest event held, or null. */
  get firstSeq(): number | null {
    return this.#events[Math.max(0, this.#events.length - this.#max)]?.seq ?? null;
  }

  push(events: readonly Event[]): void {
    if (events.length === 0) return;
    for (const event of events) this.#events.push(event);
    // Cut in bulk: a shift per event would move the whole window each time.
    if (this.#events.length > 2 * this.#max + 64) this.#events = this.#events.slice(-this.#max);
    this.#view = null;
  }

  clear(): void {
    this.#events = [];
    this.#view = Object.freeze([]);
  }

  /** Up to `limit` events held with a seq above `after`; their seqs follow each other without a gap. */
  after(after: number, limit: number): readonly Event[] {
    const first = this.#events[0];
    if (!first) return [];
    const from = Math.max(0, after + 1 - first.seq, this.#events.length - this.#max);
    return this.#events.slice(from, from + limit);
  }
}
