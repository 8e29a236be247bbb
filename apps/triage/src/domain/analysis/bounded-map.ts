/** A map that stops taking new keys at its limit, so that hostile variety cannot fill the memory. Known keys go on being updated. */
export class BoundedMap<Value> {
  readonly #map = new Map<string, Value>();
  readonly #limit: number;
  readonly #create: () => Value;

  constructor(limit: number, create: () => Value) {
    this.#limit = limit;
    this.#create = create;
  }

  /** The value of the key, made if it is new; undefined beyond the limit. */
  at(key: string): Value | undefined {
    const known = this.#map.get(key);
    if (known !== undefined || this.#map.size >= this.#limit) return known;
    const value = this.#create();
    this.#map.set(key, value);
    return value;
  }

  get(key: string): Value | undefined {
    return this.#map.get(key);
  }

  entries(): IterableIterator<[string, Value]> {
    return this.#map.entries();
  }
}

/** Adds to a set of at most `limit` members. */
export function addBounded<Value>(set: Set<Value>, value: Value, limit: number): void {
  if (set.size < limit) set.add(value);
}
