import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { RunScene } from "../workerd/run-scene.ts";
import { serveAgents } from "../workerd/serve-agents.ts";
import { Fixture } from "../workerd/start.ts";
import { describeFinding, fuzz, shares } from "./fuzz.ts";
import { parserTargets, serverTargets } from "./targets/index.ts";

// `npm run fuzz -- [--cases N] [--seed S] [--only TARGET] [--case N]`: N cases of hostile input, shared among the targets; the same
// seed makes the same ones. `--case` tries a single one.
const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000_000)) },
    only: { type: "string" },
    case: { type: "string" },
  },
});

const [fixture, agents, runs] = [await Fixture.start(), await serveAgents(), await RunScene.start()];
const all = [...parserTargets(), ...serverTargets(fixture, agents, runs)];
const targets = all.filter(({ name }) => values.only === undefined || name === values.only);
if (targets.length === 0) throw new Error(`--only is one of: ${all.map(({ name }) => name).join(", ")}.`);

/** A case that never ends cannot say so itself. */
const progress = new Int32Array(new SharedArrayBuffer(8));
const watchdog = new Worker(new URL("watchdog.ts", import.meta.url), {
  workerData: { progress, names: targets.map(({ name }) => name), seed: values.seed },
});

let findings = 0;
for (const [index, [target, share]] of [...shares(targets, Number(values.cases)).entries()].entries()) {
  const count = values.case === undefined ? share : 1;
  const started = performance.now();
  const found = await fuzz(target, values.seed, {
    from: Number(values.case ?? 0),
    count,
    onCase: (number) => {
      progress[0] = index;
      progress[1] = number;
    },
  });
  findings += found.length;
  const seconds = (performance.now() - started) / 1000;
  console.log(`${target.name}: ${count} cases in ${seconds.toFixed(1)} s, ${found.length} findings`);
  for (const finding of found) {
    console.error(`\n${describeFinding(finding)}`);
    console.error(
      `  again: npm run fuzz -- --seed ${values.seed} --only ${finding.target} --case ${finding.case}`,
    );
  }
}
await watchdog.terminate();
await fixture.stop();
await agents.stop();
await runs.stop();

console.log(`seed ${values.seed}: ${findings} findings`);
process.exitCode = findings > 0 ? 1 : 0;
