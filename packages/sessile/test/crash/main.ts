// npm run test:crash [-- --kills N]: kills a server under load, and checks that it keeps what it promised.
import { parseArgs } from "node:util";
import { runCrash } from "./driver.ts";
import { everyTurn, runRunCrash } from "./run-driver.ts";
import { runStreamCrash } from "./stream-driver.ts";
import { summary } from "./summary.ts";

const { values } = parseArgs({ options: { kills: { type: "string", default: "25" } } });
const kills = Number(values.kills);
if (!Number.isInteger(kills) || kills < 1) {
  console.error("--kills is a whole number from 1 on.");
  process.exit(2);
}
const report = await runCrash({
  kills,
  onKill: ({ what, inFlight, recoveredMs }) =>
    console.log(`killed ${what} with ${inFlight} commands in flight; all went on after ${recoveredMs} ms`),
});
console.log(`\n${summary(report)}`);
const aimed = report.kills.filter(({ inFlight }) => inFlight > 0).length * 2 >= kills;
if (!aimed) console.error("Fewer than half of the kills met commands in flight: the load was too light.");
const streams = await runStreamCrash({ kills });
console.log(
  `${streams.kills} kills under ${streams.streams} streams: ${streams.acknowledged} appends acknowledged, ${streams.repeats} sent again, ${streams.seconds.toFixed(0)} s`,
);
console.log(
  streams.faults.length === 0 ? "every reader has what was acknowledged" : streams.faults.join("\n"),
);
const runs = await runRunCrash(everyTurn);
console.log(
  `a run killed once in each of ${runs.kills} steps: ${runs.effects} effects, each once; ${runs.repeats} asked for again, ${runs.seconds.toFixed(0)} s`,
);
console.log(runs.faults.length === 0 ? "it ended as an undisturbed one" : runs.faults.join("\n"));
const faults = [report, streams, runs].flatMap((one) => one.faults);
process.exit(faults.length === 0 && aimed ? 0 : 1);
