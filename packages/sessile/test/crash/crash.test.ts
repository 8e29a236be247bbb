import { expect, test } from "vitest";
import { runCrash } from "./driver.ts";
import { summary } from "./summary.ts";

test("CR1 through kills of group and parent under 64 appenders nothing acknowledged is lost, twice or out of place", async () => {
  const report = await runCrash({ kills: 4 });
  console.log(summary(report));
  expect(report.faults).toEqual([]);
  expect(report.kills.map(({ what }) => what)).toEqual(["group", "alone", "group", "alone"]);
  expect(report.kills.filter(({ inFlight }) => inFlight > 0).length).toBeGreaterThanOrEqual(2);
  expect(report.acknowledged).toBeGreaterThan(500);
}, 90_000);
