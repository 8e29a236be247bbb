import { describe, expect, it } from "vitest";
import { formatTick } from "./format-time.ts";

const dayMs = 86_400_000;
// Noon, so that no zone moves the day.
const at = Date.UTC(2015, 3, 13, 12);

describe("formatTick", () => {
  it("says the hour on an axis of days, the year on one of months, and no day on one of years", () => {
    expect(formatTick(at, 2 * dayMs)).toMatch(/^Apr 1[34], \d\d:00$/);
    expect(formatTick(at, 60 * dayMs)).toMatch(/^Apr 1[34], 2015$/);
    expect(formatTick(at, 5 * 365 * dayMs)).toBe("Apr 2015");
    expect(formatTick(Number.NaN, 0)).toBe("unknown");
  });
});
