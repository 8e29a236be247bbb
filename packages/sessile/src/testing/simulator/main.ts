import { parseArgs } from "node:util";
import { simulate } from "./simulation.ts";
import { repertoires } from "./world.ts";

// `npm run sim -- --seed N [--seeds M] [--steps K] [--ledger] [--short] [--only commands|streams|runs] [--trace]`: M seeds
// from N on; without a seed, one of today's.
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    steps: { type: "string" },
    ledger: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    only: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});
const first = whole("seed", values.seed) ?? Math.floor(Math.random() * 1_000_000_000);
const count = whole("seeds", values.seeds) ?? (values.seed === undefined ? 1000 : 1);
const steps = whole("steps", values.steps);
const repertoire = repertoires.find((name) => name === (values.only ?? "everything"));
if (!repertoire) throw new Error(`--only is one of: ${repertoires.join(", ")}.`);
const flags =
  ["ledger", "short"]
    .filter((name) => values[name as "ledger" | "short"])
    .map((name) => ` --${name}`)
    .join("") + (values.only ? ` --only ${values.only}` : "");

const started = performance.now();
const total = { turns: 0, commands: 0, deaths: 0, hibernations: 0 };
const failed: number[] = [];
for (let seed = first; seed < first + count; seed++) {
  const report = await simulate(seed, {
    ...(steps === undefined ? {} : { steps }),
    keepTrace: values.trace,
    inLedgerMode: values.ledger,
    isShort: values.short,
    repertoire,
  });
  for (const line of report.trace) console.log(line);
  total.turns += report.turns;
  total.commands += report.commands;
  total.deaths += report.deaths;
  total.hibernations += report.hibernations;
  if (count === 1) console.log(`seed ${seed}: trace ${report.traceHash}`);
  if (report.failures.length === 0) continue;
  failed.push(seed);
  console.error(`seed ${seed}:\n${report.failures.map((failure) => `  ${failure}`).join("\n")}`);
}
const seconds = (performance.now() - started) / 1000;
console.log(
  `${count} seeds from ${first} in ${seconds.toFixed(1)} s (${(count / seconds).toFixed(1)}/s): ${total.commands} commands, ` +
    `${total.turns} turns, ${total.deaths} deaths, ${total.hibernations} hibernations, ${failed.length} seeds failed`,
);
if (failed.length > 0) {
  console.error(
    `Again: ${failed.map((seed) => `npm run sim -- --seed ${seed}${flags} --trace`).join("\n       ")}`,
  );
  process.exitCode = 1;
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new Error(`--${name} is a whole number.`);
  return Number(text);
}
