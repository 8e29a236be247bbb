import { AsyncLocalStorage } from "node:async_hooks";

/** What an instance has of the platform while its code runs. */
export interface Life {
  readonly now: number;
  readonly isDead: boolean;
  /** Promises and timers that it waits for; the platform hibernates none that does. */
  waits: number;
}

/** The instance whose code runs; none while clients or the platform do. */
export const lives = new AsyncLocalStorage<Life | undefined>();
