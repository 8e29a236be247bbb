import { expect, test } from "vitest";
import { defaultTiers, quotaDayOf, quotaStatusOf } from "./quota.ts";

const midnight = Date.UTC(2028, 1, 29);

test("QU5 a day ends at 00:00 UTC", () => {
  expect([quotaDayOf(midnight - 1), quotaDayOf(midnight)]).toEqual(["2028-02-28", "2028-02-29"]);
  const resetsAt = (now: number) => quotaStatusOf("free", defaultTiers.free, 0, now).resetsAt;
  expect(resetsAt(midnight - 1)).toBe("2028-02-29T00:00:00.000Z");
  expect(resetsAt(midnight)).toBe("2028-03-01T00:00:00.000Z");
});

test("QU8 the status counts down and warns from four fifths on", () => {
  const status = (used: number) => quotaStatusOf("anonymous", defaultTiers.anonymous, used, midnight);
  expect(status(0)).toEqual({
    tier: "anonymous",
    promptsRemaining: 10,
    promptsTotal: 10,
    resetsAt: "2028-03-01T00:00:00.000Z",
    voiceEnabled: false,
    warning: false,
  });
  expect([7, 8, 10, 12].map((used) => [status(used).promptsRemaining, status(used).warning])).toEqual([
    [3, false],
    [2, true],
    [0, true],
    [0, true],
  ]);
});

test("QU7 the tiers as they are by default", () => {
  expect(
    Object.entries(defaultTiers).map(([tier, { promptsPerDay, promptsPerMinute }]) => [
      tier,
      promptsPerDay,
      promptsPerMinute,
    ]),
  ).toEqual([
    ["anonymous", 10, 1],
    ["free", 100, 10],
    ["paid", 500, 60],
    ["own-key", null, 100],
  ]);
  expect(quotaStatusOf("own-key", defaultTiers["own-key"], 9999, midnight)).toMatchObject({
    promptsRemaining: null,
    promptsTotal: null,
    warning: false,
  });
});
