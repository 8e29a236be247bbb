import { expect, test } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { steady } from "./environment.ts";

test("CL32 a time that is over is asked of the machine's clock as no time, not as a negative one", () => {
  const clock = new FakeClock();
  const delays: number[] = [];
  const setTimeout = (run: () => void, delayMs: number): unknown => {
    delays.push(delayMs);
    return clock.setTimeout(run, delayMs);
  };
  steady({ now: () => clock.now(), setTimeout, clearTimeout: clock.clearTimeout }).setTimeout(() => {}, -3);
  expect(delays).toEqual([0]);
});
