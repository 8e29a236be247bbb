import type { Env } from "../env.ts";

/** What a session offers to the ingest. */
interface AlertReceiver {
  alertsArrived(): Promise<void>;
}

const intervalMs = 1000;

/**
 * Tells open sessions that alerts have come. Best effort: a session reads D1 from its own cursor, so a call that is lost
 * is made up for by the next one or by the next visit.
 */
export class SessionPokes {
  readonly #env: Env;
  readonly #waitUntil: (promise: Promise<unknown>) => void;
  #waiting = new Set<string>();
  #lastAt = 0;

  constructor(env: Env, waitUntil: (promise: Promise<unknown>) => void) {
    this.#env = env;
    this.#waitUntil = waitUntil;
  }

  /** A large upload touches the same incident in every batch; once a second is live enough. */
  readonly add = (names: readonly string[]): void => {
    for (const name of names) this.#waiting.add(name);
    if (Date.now() - this.#lastAt >= intervalMs) this.send();
  };

  send(): void {
    const namespace = this.#env.SIRT_SESSION;
    const names = this.#waiting;
    this.#waiting = new Set();
    this.#lastAt = Date.now();
    if (!namespace) return;
    for (const name of names) {
      const session = namespace.getByName(name) as unknown as AlertReceiver;
      this.#waitUntil(session.alertsArrived().catch(() => undefined));
    }
  }
}
