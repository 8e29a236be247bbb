import { root, run } from "../lib/run.ts";

// A program of its own, as its types are those of tests and not those of scripts.
const main = "packages/sessile/test/soak/main.ts";
const flags = ["--expose-gc", "--conditions=sessile-source", "--disable-warning=ExperimentalWarning"];
await run(process.execPath, [...flags, main, ...process.argv.slice(2)], { cwd: root }).catch(() => {
  process.exitCode = 1;
});
