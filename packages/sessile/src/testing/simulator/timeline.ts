/** Something that will happen. */
export interface Planned {
  /** Simulated milliseconds since 1970. */
  readonly at: number;
  readonly order: number;
  readonly label: string;
  run: (() => void) | null;
}

/** Simulated time: what is planned, in the order of its moments, and of planning within one moment. */
export class Timeline {
  #now: number;
  #order = 0;
  readonly #heap: Planned[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  plan(delayMs: number, label: string, run: () => void): Planned {
    const planned = { at: this.#now + Math.max(0, delayMs), order: this.#order++, label, run };
    this.#heap.push(planned);
    this.#up(this.#heap.length - 1);
    return planned;
  }

  cancel(planned: Planned | null): void {
    if (planned) planned.run = null;
  }

  /** Moves time to the next thing up to `until` and returns it; null, and time at `until`, if there is none. */
  take(until: number): Planned | null {
    for (let top = this.#heap[0]; top && top.at <= until; top = this.#heap[0]) {
      this.#pop();
      if (!top.run) continue;
      this.#now = Math.max(this.#now, top.at);
      return top;
    }
    this.#now = Math.max(this.#now, until);
    return null;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down();
  }

  #up(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #down(): void {
    for (let index = 0; ; ) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, least)) least = child;
      }
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #isBefore(left: number, right: number): boolean {
    const [a, b] = [this.#heap[left] as Planned, this.#heap[right] as Planned];
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swap(left: number, right: number): void {
    const kept = this.#heap[left] as Planned;
    this.#heap[left] = this.#heap[right] as Planned;
    this.#heap[right] = kept;
  }
}
