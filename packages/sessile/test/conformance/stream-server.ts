import { fileURLToPath } from "node:url";
import { type ServeOptions, type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate } from "../../src/node/server/fixtures/processes.ts";
import { bundle } from "../bundle.ts";
import { testLog } from "../test-log.ts";

/** A server whose Worker serves standalone streams and those of sessions. */
export async function serveStreams(
  dir: string,
  port = 0,
  options: Partial<ServeOptions> = {},
): Promise<Server> {
  return serve({
    worker: { source: await bundle(fileURLToPath(new URL("streams-worker.ts", import.meta.url))) },
    dir,
    port,
    compatibilityDate,
    durableObjects: {
      SESSILE_STREAM: { className: "StreamObject" },
      SESSILE_SUBSCRIPTIONS: { className: "StreamSubscriptions" },
      DESK: { className: "Desk" },
    },
    allowedHosts: ["friend.example"],
    log: testLog,
    ...options,
  });
}
