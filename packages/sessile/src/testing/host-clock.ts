import type { Clock } from "../object/clock.ts";
import type { FakeClock } from "./fake-clock.ts";

/**
 * A session host's clock whose time a test moves.
 *
 * @param setBack what the machine says is so many milliseconds behind what has passed
 */
export function hostClock(fake: FakeClock, setBack = { ms: 0 }): Clock {
  return {
    now: () => fake.now() - setBack.ms,
    wait: (ms, signal) =>
      new Promise((resolve, reject) => {
        const timer = fake.setTimeout(resolve, ms);
        signal?.addEventListener("abort", () => {
          fake.clearTimeout(timer);
          reject(signal.reason);
        });
      }),
  };
}
