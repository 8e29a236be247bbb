import { expect, test } from "vitest";
import { KernelFixture } from "../../testing/kernel-fixture.ts";
import { ExpiryWatch, expiryDueId } from "./expiry-watch.ts";

test("DE7 what the kind declares now holds from the next wake on, if it is less than what it declared before", () => {
  const { kernel, now } = new KernelFixture();
  const dueAfterWake = (idleMs: number | null) => {
    const expiry = idleMs === null ? null : { idleMs };
    new ExpiryWatch({ kernel, hasPeers: () => false, hooks: { expiry } }).start(now);
    return kernel.due.dueAt(expiryDueId);
  };
  expect(dueAfterWake(1000)).toBe(now + 1000);
  expect(dueAfterWake(100)).toBe(now + 100);
  // The look that it brings finds out for itself that it is early.
  expect(dueAfterWake(1000)).toBe(now + 100);
  expect(dueAfterWake(null)).toBeNull();
});
