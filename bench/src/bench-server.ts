import { fileURLToPath } from "node:url";
import { type Server, serve } from "sessile/node";
import { bundleWorker } from "./bundle.ts";
import { subjects } from "./subjects.ts";

/** A server with the objects of all subjects, its data in `dir`. */
export async function startBenchServer(dir: string): Promise<Server> {
  return serve({
    worker: { source: await bundleWorker(fileURLToPath(import.meta.resolve("./worker/worker.ts"))) },
    dir,
    port: 0,
    durableObjects: {
      ...Object.fromEntries(Object.values(subjects).map(({ className }) => [className, { className }])),
      SESSILE_STREAM: { className: "StreamObject" },
      BenchAgentStreams: { className: "BenchAgentStreams" },
    },
    d1: ["BENCH_RECORD"],
    compatibilityDate: "2026-11-01",
    compatibilityFlags: ["nodejs_compat"],
  });
}
