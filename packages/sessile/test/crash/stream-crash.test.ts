import { expect, test } from "vitest";
import { runStreamCrash } from "./stream-driver.ts";

test("SM46 through kills each reader of a stream gets the bytes that were acknowledged, no more and no less", async () => {
  const report = await runStreamCrash({ kills: 2, streams: 100 });
  expect(report.faults).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(100 * 6);
  expect(report.repeats).toBeGreaterThan(0);
}, 90_000);
