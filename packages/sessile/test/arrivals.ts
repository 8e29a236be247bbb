/** Things in the order in which they came, for a test that takes one after the other and may be there first. */
export class Arrivals<Thing> {
  readonly #left: Thing[] = [];
  readonly #takers: ((thing: Thing) => void)[] = [];

  add(thing: Thing): void {
    const taker = this.#takers.shift();
    if (taker) taker(thing);
    else this.#left.push(thing);
  }

  next(): Promise<Thing> {
    const thing = this.#left.shift();
    return thing === undefined
      ? new Promise((resolve) => this.#takers.push(resolve))
      : Promise.resolve(thing);
  }

  /** What nobody has taken. */
  get left(): readonly Thing[] {
    return this.#left;
  }
}
