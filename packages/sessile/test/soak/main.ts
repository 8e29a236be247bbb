import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Fixture } from "../workerd/start.ts";
import { type Reading, readGauges, trendsOf } from "./gauge.ts";
import { SoakLoad } from "./load.ts";

// `npm run soak [-- --minutes N]`: a mixed load on a real server, a line every ten seconds, and whether what the processes hold has
// stayed as it was.
const { values } = parseArgs({ options: { minutes: { type: "string", default: "30" } } });
const minutes = Number(values.minutes);
if (!(minutes >= 5))
  throw new Error("--minutes is a number from 5 on: before that everything only warms up.");

const everyMs = 10_000;
const fixture = await Fixture.start();
const load = new SoakLoad(fixture);
const started = performance.now();
const readings: Reading[] = [];
console.log("  time   workerd MB  files   node MB  files   ack p50   p99 ms  failures");
for (let at = everyMs; at <= minutes * 60_000; at += everyMs) {
  await pause(Math.max(0, at - (performance.now() - started)));
  // What is garbage is no leak.
  globalThis.gc?.();
  const reading = readGauges(at, fixture.server.runtimePid);
  readings.push(reading);
  console.log(lineOf(reading, load));
}
await load.stop();
await fixture.stop();

console.log(`\n${[...load.done].map(([what, count]) => `${what} ${count} times`).join(", ")}`);
for (const [failure, count] of load.failures) console.log(`${count} × ${failure}`);
const trends = trendsOf(readings);
for (const { name, before, after, isFlat } of trends)
  console.log(`${name}: ${before.toFixed(1)} → ${after.toFixed(1)}, ${isFlat ? "flat" : "GROWS"}`);
const isSound = load.failures.size === 0 && trends.every(({ isFlat }) => isFlat);
console.log(isSound ? "Flat, and nothing failed." : "Not flat, or something failed: see above.");
process.exit(isSound ? 0 : 1);

function lineOf({ atMs, serverMb, serverFiles, nodeMb, nodeFiles }: Reading, load: SoakLoad): string {
  const latencies = load.takeLatencies().toSorted((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  const failures = [...load.failures.values()].reduce((sum, count) => sum + count, 0);
  const shown = [serverMb, serverFiles, nodeMb, nodeFiles, quantile(0.5), quantile(0.99)].map((value) =>
    (value === null ? "-" : value.toFixed(1)).padStart(8),
  );
  return `${`${Math.floor(atMs / 60_000)}:${String((atMs / 1000) % 60).padStart(2, "0")}`.padStart(6)} ${shown.join(" ")} ${String(failures).padStart(8)}`;
}
