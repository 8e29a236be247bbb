import { fileURLToPath } from "node:url";
import { type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate } from "../../src/node/server/fixtures/processes.ts";
import { bundle } from "../bundle.ts";
import { testLog } from "../test-log.ts";

export const chatWorker = () => bundle(fileURLToPath(new URL("fixture-chat-worker.ts", import.meta.url)));

export interface ServedChats {
  readonly source: string;
  readonly dir: string;
  readonly modelUrl: string;
  /** Default: a free one. */
  readonly port?: number;
}

/** The chats of tests, whose answers come from a model at `modelUrl`. */
export function serveChats({ source, dir, modelUrl, port = 0 }: ServedChats): Promise<Server> {
  return serve({
    worker: { source },
    dir,
    port,
    compatibilityDate,
    durableObjects: { CHATS: { className: "Chats" }, LEDGER_CHATS: { className: "LedgerChats" } },
    d1: ["SESSILE_RECORD"],
    vars: { MODEL_URL: modelUrl },
    log: testLog,
  });
}
