const maxKnown = 10_000;

/** What somebody has looked after lately, so that it is done now and then only. */
export class LookedAt {
  readonly #everyMs: number;
  readonly #at = new Map<string, number>();

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** It is being looked after. @returns whether for the first time; null: it was lately, and need not be */
  look(id: string, now: number): { readonly isFirst: boolean } | null {
    const last = this.#at.get(id);
    const age = now - (last ?? Number.NEGATIVE_INFINITY);
    // A clock that was set back must not put it off.
    if (age >= 0 && age < this.#everyMs) return null;
    if (this.#at.size >= maxKnown) this.#at.clear();
    this.#at.set(id, now);
    return { isFirst: last === undefined };
  }

  forget(id: string): void {
    this.#at.delete(id);
  }
}
