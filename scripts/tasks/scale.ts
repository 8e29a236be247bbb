import { root, run } from "../lib/run.ts";

await run(process.execPath, ["--conditions=sessile-source", "bench/src/scale/main.ts"], { cwd: root });
