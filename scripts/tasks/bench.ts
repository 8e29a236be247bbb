import { root, run } from "../lib/run.ts";

await run(process.execPath, ["--conditions=sessile-source", "bench/src/main.ts", ...process.argv.slice(2)], {
  cwd: root,
});
