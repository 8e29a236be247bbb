import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

const { progress, names, seed } = workerData as {
  /** Index of the target, number of its case. */
  readonly progress: Int32Array;
  readonly names: readonly string[];
  readonly seed: string;
};
const hangMs = 60_000;

// Ends the process when it has not come on for a minute, and says with which case it hangs.
let seen = "";
setInterval(() => {
  const [target = 0, number = 0] = progress;
  const now = `--only ${names[target]} --case ${number}`;
  if (now !== seen) {
    seen = now;
    return;
  }
  writeSync(2, `No end in ${hangMs / 1000} s: npm run fuzz -- --seed ${seed} ${now}\n`);
  process.kill(process.pid, "SIGKILL");
}, hangMs);
