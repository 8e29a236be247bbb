import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { AgentTalk } from "../workerd/agent-scene.ts";
import { EffectServer } from "../workerd/effect-server.ts";
import { type Asked, type ScriptedAnswer, ScriptedModel } from "../workerd/scripted-model.ts";
import { KillableServer } from "./killable-server.ts";

const steps = 6;
/** Where the server is killed, by step: while the model is asked, in the middle of its answer, between an effect and what the run knows of it. */
const plan: { readonly [turn: number]: "asked" | "said" | "effect" } = { 1: "effect", 2: "said", 4: "asked" };

function answerOf({ turn }: Pick<Asked, "turn">): ScriptedAnswer {
  if (turn === steps - 1) return { text: "All done." };
  const calls = ["a", "b"].map((name) => ({ id: `call_${name}`, name: `tool_${name}`, args: { n: turn } }));
  return { text: `Step ${turn}.`, calls };
}

test("AX3 a run on a Workflow that is killed again and again ends as an undisturbed one, each effect once", async () => {
  const [model, effects] = [await ScriptedModel.start(), await EffectServer.start()];
  const server = await KillableServer.start({
    main: fileURLToPath(new URL("../workerd/fixture-agent-server.ts", import.meta.url)),
    durableObjects: { HELPERS: { className: "Helpers" }, SESSILE_STREAM: { className: "StreamObject" } },
    workflows: { RUNS: { className: "Runs", name: "runs" } },
    d1: ["SESSILE_RECORD"],
    vars: { MODEL_URL: model.url, EFFECTS_URL: effects.url },
  });
  try {
    const scene = { url: server.url, model, effects };
    const killed = new Set<number>();
    /** Once at each place of the plan; whoever waits gets no answer. */
    const killAt = async (turn: number, place: string): Promise<void> => {
      if (plan[turn] !== place || killed.has(turn)) return;
      killed.add(turn);
      await server.kill(killed.size % 2 === 0 ? "alone" : "group");
      await server.restart();
      // The first question about it makes the engine run the instance.
      await disturbed.result(0);
    };
    const calm = new AgentTalk(scene, "workflow", answerOf, "calm");
    const disturbed = new AgentTalk(
      scene,
      "workflow",
      async (asked) => {
        await killAt(asked.turn, "asked");
        return { ...answerOf(asked), meanwhile: () => killAt(asked.turn, "said") };
      },
      "killed",
    );
    effects.beforeAnswer = async (path) => {
      if (path.startsWith("/killed/")) await killAt(Number(path.split("/").at(-1)), "effect");
    };

    const undisturbed = await calm.run({ runId: "calm" });
    await disturbed.start({ runId: "killed" });
    const ended = await resultOf(disturbed);

    expect(undisturbed).toMatchObject({ status: "completed", steps, result: { text: "All done." } });
    expect({ ...ended.result, runId: "calm" }).toEqual(undisturbed.result);
    expect([...killed]).toEqual(Object.keys(plan).map(Number));
    expect(await transcript(disturbed)).toEqual(await transcript(calm));
    // As many effects as calls, of which those in a kill were asked for again under the same key.
    const inCalm = disturbed
      .effects()
      .map((id) => id.replace("/killed/", "/calm/").replace(" killed:", " calm:"));
    expect(inCalm).toEqual(calm.effects());
    expect(calm.effects()).toHaveLength(2 * (steps - 1));
    expect(Math.max(...effects.requests.values())).toBeGreaterThan(1);
    // Readers get each text once, whatever was withdrawn on the way.
    expect(await texts(disturbed)).toEqual(await texts(calm));
  } finally {
    await server.stop();
    await model.stop();
    await effects.stop();
  }
}, 90_000);

/** A kill ends whoever waits. */
async function resultOf(talk: AgentTalk) {
  for (;;) {
    const answer = await talk.result().catch(() => null);
    if (answer?.status === 200) return answer.body;
  }
}

/** What came after the first message. Results of one step come in any order. */
async function transcript(talk: AgentTalk): Promise<readonly unknown[]> {
  // biome-ignore lint/suspicious/noExplicitAny: messages as the AI SDK has them
  const { messages } = (await talk.stored("getMessages", { limit: 1000 })) as { messages: any[] };
  return messages
    .slice(1)
    .map(({ run, ...message }) => ({ message, step: run.step }))
    .sort((a, b) => a.step - b.step || order(a.message).localeCompare(order(b.message)));
}

// biome-ignore lint/suspicious/noExplicitAny: a message as the AI SDK has it
function order({ role, content }: any): string {
  return role === "tool" ? content[0].toolCallId : "";
}

async function texts(talk: AgentTalk): Promise<readonly string[]> {
  const { events } = await talk.events();
  return events.filter(({ data }) => data.type === "text-delta").map(({ data }) => data.delta);
}
