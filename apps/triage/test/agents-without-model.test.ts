import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { agentNames } from "../src/contract/agents.ts";
import { answerAgents, ScriptedModel } from "./fixtures/agent-model.ts";
import { checkIns } from "./fixtures/stories.ts";
import { Triage } from "./fixtures/triage-server.ts";

test("a model that is taken away in the middle leaves nobody thinking, and one that is back can be asked", async () => {
  const dir = mkdtempSync(join(tmpdir(), "sessile-agents-taken-"));
  const model = await ScriptedModel.start();
  const vars = { TRIAGE_MODEL_URL: `${model.url}/v1`, TRIAGE_MODEL: "scripted" };
  try {
    const asked = Promise.withResolvers<void>();
    model.otherwise = async ({ left }) => {
      asked.resolve();
      await left;
      return {};
    };
    let name = "";
    {
      await using asking = await Triage.start({ dir, vars });
      await asking.signIn("Ada");
      [name = ""] = (await asking.ingest(checkIns(5))).incidents;
      await asking.call(name, "startInvestigation");
      await asked.promise;
    }
    {
      await using without = await Triage.start({ dir });
      const { state } = await without.until(name, ({ status }) => status === "triaged");
      expect(state.agents).toMatchObject({
        coordinator: { status: "failed", error: "No model is set any more." },
      });
    }
    model.otherwise = answerAgents({});
    await using again = await Triage.start({ dir, vars });
    await again.signIn("Ada");
    expect((await again.call(name, "consultAgents")).status).toBe(200);
    const { state } = await again.until(name, (view) => view.state.card?.narrative !== undefined);
    expect(Object.values(state.agents ?? {}).map(({ status }) => status)).toEqual(
      agentNames.map(() => "done"),
    );
  } finally {
    await model.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  }
});
