import { fileURLToPath } from "node:url";
import { runConformanceTests } from "@durable-streams/server-conformance-tests";
import { afterAll, beforeAll } from "vitest";
import { type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder } from "../../src/node/server/fixtures/processes.ts";
import { bundle } from "../bundle.ts";

/** The suite of the protocol's authors, whole and as it is published. */
const options = { baseUrl: "", longPollTimeoutMs: 500 };
const folder = temporaryFolder();
let server: Server;

beforeAll(async () => {
  server = await serve({
    worker: { source: await bundle(fileURLToPath(new URL("streams-worker.ts", import.meta.url))) },
    dir: folder.path,
    port: 0,
    compatibilityDate,
    durableObjects: { SESSILE_STREAM: { className: "StreamObject" } },
    log: (entry) => {
      if (process.env.SESSILE_TEST_LOG) console.error(entry.from, entry.level, entry.message);
    },
  });
  options.baseUrl = server.url;
});
afterAll(async () => {
  await server?.close();
  folder[Symbol.dispose]();
});

runConformanceTests(options);
