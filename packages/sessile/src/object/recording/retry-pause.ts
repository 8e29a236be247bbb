import type { Clock } from "../clock.ts";
import { firstRetryMs } from "./ledger-error.ts";

const maxRetryMs = 15_000;

/** How long a record that has failed is left alone: doubled from attempt to attempt, less up to half by jitter. */
export class RetryPause {
  readonly #clock: Clock;
  #attempts = 0;
  #endsAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is left of it. More than the longest there is only after the clock was set back: then it is over. */
  get leftMs(): number {
    const left = this.#endsAt - this.#clock.now();
    return left > maxRetryMs ? 0 : Math.max(0, left);
  }

  begin(): void {
    const full = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(this.#attempts++, 10));
    this.#endsAt = this.#clock.now() + Math.ceil(full * (1 - Math.random() / 2));
  }

  /** Also of the time to wait for, which would outlast what it was for, were the clock set back. */
  end(): void {
    this.#attempts = 0;
    this.#endsAt = 0;
  }
}
