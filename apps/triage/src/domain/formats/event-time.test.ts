import { describe, expect, it } from "vitest";
import { parseEventTime } from "./event-time.ts";
import { windowsTime } from "./windows-time.ts";

describe("parseEventTime", () => {
  const noon = Date.UTC(2026, 0, 2, 12, 0, 0);
  it.each([
    ["2026-01-02T12:00:00Z", noon],
    ["2026-01-02T12:00:00", noon],
    ["2026-01-02 12:00:00", noon],
    ["2026-01-02T06:00:00-0600", noon],
    ["2026-01-02T06:00:00-06:00", noon],
    ["2026-01-02T17:30:00.000000+0530", noon],
    ["2026-01-02T14:00:00+02", noon],
    ["2026-01-02T12:00:00.123456Z", noon + 123],
    ["2026-01-02T12:00:00.1234567Z", noon + 123],
    ["2026-01-02T12:00", noon],
  ])("reads %s", (text, expected) => {
    expect(parseEventTime(text)).toBe(expected);
  });

  it.each(["", "yesterday", "2026-02-31T00:00:00Z", "2026-01-02", "1767355200", "2026-01-02T25:00:00Z"])(
    "refuses %j",
    (text) => {
      expect(parseEventTime(text)).toBeUndefined();
    },
  );
});

describe("windowsTime", () => {
  it("takes the zone of a local EventTime from the two receipt times", () => {
    const fields = {
      EventTime: "2026-01-02 08:00:00",
      EventReceivedTime: "2026-01-02 08:00:02",
      "@timestamp": "2026-01-02T12:00:03Z",
    };
    expect(windowsTime(fields)).toBe(Date.UTC(2026, 0, 2, 12));
  });

  it("does not take a late delivery for a zone", () => {
    const fields = {
      EventTime: "2026-01-02 08:00:00",
      EventReceivedTime: "2026-01-02 08:00:02",
      "@timestamp": "2026-01-05T12:00:03Z",
    };
    expect(windowsTime(fields)).toBe(Date.UTC(2026, 0, 2, 8));
  });

  it("prefers the time that every channel has over Sysmon's own", () => {
    expect(windowsTime({ TimeCreated: "2026-01-02 08:00:00.500", UtcTime: "2026-01-02 12:00:00.500" })).toBe(
      Date.UTC(2026, 0, 2, 8, 0, 0, 500),
    );
    expect(windowsTime({ UtcTime: "2026-01-02 12:00:00.500" })).toBe(Date.UTC(2026, 0, 2, 12, 0, 0, 500));
    expect(windowsTime({})).toBeUndefined();
  });
});
