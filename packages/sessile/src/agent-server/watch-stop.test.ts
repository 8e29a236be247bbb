import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SessileError } from "../protocol/index.ts";
import { stopPollMs, watchStop } from "./watch-stop.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("AX5 while the store is away a run asks it once at a time, and heeds what it says when it is back", async () => {
  let asked = 0;
  let heeded = 0;
  let answer: (() => void) | undefined;
  const askStop = () => {
    asked += 1;
    if (asked === 1) return Promise.reject(new SessileError("unavailable", "The store is away."));
    return new Promise<null>((resolve) => {
      answer = () => resolve(null);
    });
  };
  const heed = () => {
    heeded += 1;
  };
  const end = watchStop({ askStop }, { heed });
  await vi.advanceTimersByTimeAsync(10 * stopPollMs);
  expect([asked, heeded]).toEqual([2, 0]);
  answer?.();
  await vi.advanceTimersByTimeAsync(stopPollMs);
  expect([asked, heeded]).toEqual([3, 1]);
  end();
  answer?.();
  await vi.advanceTimersByTimeAsync(10 * stopPollMs);
  expect(asked).toBe(3);
});
