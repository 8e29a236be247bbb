/** This page's place in the line of those who may hold a connection for all. */
export interface Candidacy {
  /** Takes the place of a page that does not answer. */
  takeOver(): void;
  /** Gives the place back once every client of the page has. */
  withdraw(): void;
}

/** What a page runs while the place is its own. */
export interface Office {
  close(): void;
}

const candidates = new Map<string, Candidate>();

/** Stands for the lock `name`, once for all clients of the page that do. */
export function stand(name: string, takeOffice: () => Office): Candidacy {
  const candidate = candidates.get(name) ?? new Candidate(name, takeOffice);
  candidates.set(name, candidate);
  candidate.clients += 1;
  let isStanding = true;
  return {
    takeOver: () => candidate.takeOver(),
    withdraw: () => {
      if (!isStanding) return;
      isStanding = false;
      candidate.clients -= 1;
      if (candidate.clients > 0) return;
      candidates.delete(name);
      candidate.withdraw();
    },
  };
}

class Candidate {
  clients = 0;
  readonly #name: string;
  readonly #takeOffice: () => Office;
  #waiting = new AbortController();
  #office: Office | null = null;
  #isTakingOver = false;
  #resign: () => void = () => {};

  constructor(name: string, takeOffice: () => Office) {
    this.#name = name;
    this.#takeOffice = takeOffice;
    this.#request({ signal: this.#waiting.signal });
  }

  takeOver(): void {
    if (this.#office || this.#isTakingOver) return;
    this.#isTakingOver = true;
    this.#waiting.abort();
    this.#request({ steal: true });
  }

  withdraw(): void {
    this.#waiting.abort();
    this.#leave();
    this.#resign();
  }

  #request(options: LockOptions): void {
    let isHeld = false;
    const held = navigator.locks.request(this.#name, options, () => {
      isHeld = true;
      return this.#hold();
    });
    held.catch(() => {
      // Otherwise this page itself gave up waiting.
      if (isHeld) this.#oust();
    });
  }

  /** Another page has taken over, because this one did not answer. */
  #oust(): void {
    this.#leave();
    if (this.clients === 0) return;
    this.#waiting = new AbortController();
    this.#request({ signal: this.#waiting.signal });
  }

  #hold(): Promise<void> | undefined {
    this.#isTakingOver = false;
    if (this.clients === 0) return undefined;
    this.#office = this.#takeOffice();
    return new Promise((resolve) => {
      this.#resign = resolve;
    });
  }

  #leave(): void {
    this.#office?.close();
    this.#office = null;
  }
}
