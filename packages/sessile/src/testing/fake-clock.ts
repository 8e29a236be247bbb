interface Timer {
  readonly id: number;
  readonly dueAt: number;
  readonly run: () => void;
}

/** Time that moves only when told. Timers run in the order they are due, each at its own moment. */
export class FakeClock {
  #now: number;
  #nextId = 1;
  readonly #timers = new Map<number, Timer>();

  constructor(now = Date.UTC(2030, 0, 1)) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  readonly setTimeout = (run: () => void, delayMs: number): unknown => {
    const id = this.#nextId++;
    this.#timers.set(id, { id, dueAt: this.#now + Math.max(0, delayMs), run });
    return id;
  };

  readonly clearTimeout = (timer: unknown): void => {
    this.#timers.delete(timer as number);
  };

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Moves time, running what falls due, timers set on the way included. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let timer = this.#nextDue(until); timer; timer = this.#nextDue(until)) this.#run(timer);
    this.#now = until;
  }

  /** As `advance`, with promises and socket deliveries settled before, between and after the timers. */
  async advanceAsync(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (let timer = this.#nextDue(until); timer; timer = this.#nextDue(until)) {
      this.#run(timer);
      await settled();
    }
    this.#now = until;
  }

  #run(timer: Timer): void {
    this.#timers.delete(timer.id);
    this.#now = Math.max(this.#now, timer.dueAt);
    timer.run();
  }

  #nextDue(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (timer.dueAt <= until && (!next || timer.dueAt < next.dueAt)) next = timer;
    }
    return next;
  }
}

/** Lets chains of promises run dry: far more turns of the microtask queue than any code here takes. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await null;
}
