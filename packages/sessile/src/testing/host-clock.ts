import type { Clock } from "../object/clock.ts";
import type { FakeClock } from "./fake-clock.ts";

/** A session host's clock whose time a test moves. */
export function hostClock(fake: FakeClock): Clock {
  return {
    now: fake.now,
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
