import { fileURLToPath } from "node:url";
import { serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder } from "../../src/node/server/fixtures/processes.ts";
import { bundle } from "../bundle.ts";
import { testLog } from "../test-log.ts";
import type { AgentScene } from "./agent-scene.ts";
import { EffectServer } from "./effect-server.ts";
import { ScriptedModel } from "./scripted-model.ts";

export interface ServedAgents extends AgentScene {
  stop(): Promise<void>;
}

/** Agents behind `AgentServer`s, with a model and tools that tests look into. */
export async function serveAgents(): Promise<ServedAgents> {
  const [model, effects] = [await ScriptedModel.start(), await EffectServer.start()];
  const folder = temporaryFolder();
  const server = await serve({
    worker: { source: await bundle(fileURLToPath(new URL("fixture-agent-server.ts", import.meta.url))) },
    dir: folder.path,
    port: 0,
    compatibilityDate,
    durableObjects: {
      HELPERS: { className: "Helpers" },
      OWNED: { className: "Owned" },
      SESSILE_STREAM: { className: "StreamObject" },
    },
    workflows: {
      RUNS: { className: "Runs", name: "runs" },
      FLAKY: { className: "FlakyRuns", name: "flaky-runs" },
    },
    d1: ["SESSILE_RECORD"],
    vars: { MODEL_URL: model.url, EFFECTS_URL: effects.url },
    log: testLog,
  });
  return {
    url: server.url,
    model,
    effects,
    async stop() {
      await server.close();
      await model.stop();
      await effects.stop();
      folder[Symbol.dispose]();
    },
  };
}
