/**
 * The latest events, bounded. Appending costs nothing per event held; the frozen copy is made only if somebody looks. Whoever looks
 * does not see segments of streams, hundreds of which would push out what people said; whoever iterates gets each.
 */
export class EventWindow<Event extends { readonly seq: number; readonly type: string }> {
  readonly #max: number;
  #events: Event[] = [];
  #shown: Event[] = [];
  #view: readonly Event[] | null = Object.freeze([]);

  constructor(max: number) {
    this.#max = max;
  }

  /** The same array until something is added. */
  get latest(): readonly Event[] {
    this.#view ??= Object.freeze(this.#shown.slice(this.#startOf(this.#shown)));
    return this.#view;
  }

  /** Seq of the oldest event held, or null. */
  get firstSeq(): number | null {
    return this.#events[this.#startOf(this.#events)]?.seq ?? null;
  }

  push(events: readonly Event[]): void {
    if (events.length === 0) return;
    const { length } = this.#shown;
    for (const event of events) {
      this.#events.push(event);
      if (event.type !== "stream.segment") this.#shown.push(event);
    }
    this.#events = this.#cut(this.#events);
    if (this.#shown.length === length) return;
    this.#shown = this.#cut(this.#shown);
    this.#view = null;
  }

  clear(): void {
    this.#events = [];
    this.#shown = [];
    this.#view = Object.freeze([]);
  }

  /** In bulk: a shift per event would move the whole window each time. */
  #cut(events: Event[]): Event[] {
    return events.length > 2 * this.#max + 64 ? events.slice(this.#startOf(events)) : events;
  }

  #startOf(events: readonly Event[]): number {
    return Math.max(0, events.length - this.#max);
  }

  /** Up to `limit` events held with a seq above `after`; their seqs follow each other without a gap. */
  after(after: number, limit: number): readonly Event[] {
    const first = this.#events[0];
    if (!first) return [];
    const from = Math.max(after + 1 - first.seq, this.#startOf(this.#events));
    return this.#events.slice(from, from + limit);
  }
}
