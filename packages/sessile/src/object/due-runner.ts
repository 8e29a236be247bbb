import type { DueTable, DueTimer } from "../kernel/index.ts";
import type { Clock } from "./clock.ts";

/** How long the others wait for one handler. */
const patienceMs = 1000;

export interface DueRunnerOptions {
  readonly due: DueTable;
  readonly clock: Clock;
  readonly run: (timer: DueTimer) => unknown;
  readonly report: (message: string, thrown: unknown) => void;
  /** After anything that may have touched the table. */
  readonly rearm: () => void;
}

/** Runs what is due, each row's handler once at a time, and again later when it fails. */
export class DueRunner {
  readonly #options: DueRunnerOptions;

  constructor(options: DueRunnerOptions) {
    this.#options = options;
  }

  /** In order. A handler that takes its time goes on beside the others, which do not wait for it. */
  async run(): Promise<void> {
    const { due, clock, rearm } = this.#options;
    for (const timer of due.due(clock.now())) {
      // A handler before this one may have taken its time, and meanwhile this one was cancelled or moved.
      if (due.dueAt(timer.timerId) !== timer.dueAt) continue;
      await Promise.race([this.#runHeld(timer), clock.wait(patienceMs)]);
    }
    rearm();
  }

  async #runHeld(timer: DueTimer): Promise<void> {
    const { due, clock, run, report, rearm } = this.#options;
    due.hold(timer);
    try {
      await run(timer);
    } catch (thrown) {
      report(`Timer ${timer.name || timer.timerId} failed`, thrown);
      due.postpone(timer, clock.now() + retryDelayMs(timer.attempts));
    } finally {
      due.release(timer);
      rearm();
    }
  }
}

/** 2 s, doubled per failed run, at most an hour. */
function retryDelayMs(attempts: number): number {
  return Math.min(3_600_000, 2000 * 2 ** Math.min(attempts, 20));
}
