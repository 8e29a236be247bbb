import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { EffectServer } from "../workerd/effect-server.ts";
import { type Asked, type ScriptedAnswer, ScriptedModel } from "../workerd/scripted-model.ts";
import { KillableServer } from "./killable-server.ts";

const steps = 30;
const tools = ["a", "b", "c", "d", "e"];
/** Where the server is killed, by step: while the model is asked, in the middle of its answer, between an effect and what the run knows of it. */
const plan: { readonly [turn: number]: "asked" | "said" | "effect" } = {
  3: "effect",
  8: "said",
  13: "effect",
  18: "asked",
  24: "effect",
};

/** Every step but the last calls a tool, every third two of them. */
function answerOf({ turn }: Asked): ScriptedAnswer {
  if (turn === steps - 1) return { text: "All done." };
  const calls = [0, ...(turn % 3 === 0 ? [1] : [])].map((more) => ({
    id: `call_${more}`,
    name: `tool_${tools[(turn + more) % tools.length]}`,
    args: { n: turn },
  }));
  return { text: `Step ${turn}.`, calls };
}

const calls = Array.from({ length: steps - 1 }, (_, turn) => answerOf({ turn } as Asked).calls ?? []).flat();

test("RN4 RN5 RN2 a run of 30 steps that is killed again and again ends as an undisturbed one, each effect once", async () => {
  const model = await ScriptedModel.start();
  const effects = await EffectServer.start();
  const server = await KillableServer.start({
    main: fileURLToPath(new URL("../workerd/fixture-run-worker.ts", import.meta.url)),
    durableObjects: { HELPERS: { className: "Helpers" } },
    vars: { MODEL_URL: model.url, EFFECTS_URL: effects.url },
  });
  try {
    const session = (name: string) => `${server.url}/v1/sessions/helpers/${name}`;
    const start = (name: string) =>
      fetch(`${session(name)}/runs`, {
        method: "POST",
        body: JSON.stringify({ agent: "worker", message: name, runId: "run" }),
      });
    const killed = new Set<number>();
    /** Once at each place of the plan; whoever waits gets no answer. */
    const killAt = async (turn: number, place: string): Promise<void> => {
      if (plan[turn] !== place || killed.has(turn)) return;
      killed.add(turn);
      await server.kill(killed.size % 2 === 0 ? "alone" : "group");
      await server.restart();
      await fetch(session("killed"));
    };
    model.scripts.set("calm", answerOf);
    model.scripts.set("killed", async (asked) => {
      await killAt(asked.turn, "asked");
      return { ...answerOf(asked), meanwhile: () => killAt(asked.turn, "said") };
    });
    effects.beforeAnswer = async (path) => {
      if (path.startsWith("/killed/")) await killAt(Number(path.split("/").at(-1)), "effect");
    };

    await start("calm");
    const calm = await ended(session("calm"));
    await start("killed");
    const disturbed = await ended(session("killed"));

    expect(calm).toMatchObject({ status: "completed", steps, result: { text: "All done." } });
    expect(disturbed.result).toEqual(calm.result);
    expect([...killed]).toEqual(Object.keys(plan).map(Number));
    expect(await transcript(session("killed"))).toEqual(await transcript(session("calm")));
    // As many effects as calls, of which those in a kill were asked for again under the same key.
    expect(effects.effects("/calm/")).toHaveLength(calls.length);
    expect(effects.effects("/killed/").map((id) => id.replace("/killed/", "/calm/"))).toEqual(
      effects.effects("/calm/"),
    );
    expect(Math.max(...effects.requests.values())).toBeGreaterThan(1);
    // Readers get each text once, whatever was withdrawn on the way.
    expect(await texts(session("killed"))).toEqual(await texts(session("calm")));
  } finally {
    await server.stop();
    await model.stop();
    await effects.stop();
  }
}, 60_000);

async function ended(session: string) {
  for (;;) {
    const run = await fetch(`${session}/runs/run?wait=20`)
      .then((response) => response.json())
      .catch(() => null);
    if (run && run.status !== "running") return run;
    // While the server is down nobody answers at once.
    if (!run) await delay(20);
  }
}

/** What came after the first message. Results of one step come in any order. */
async function transcript(session: string): Promise<readonly unknown[]> {
  const { items } = await (await fetch(`${session}/events?limit=1000`)).json();
  const messages = (items as SessionEvent[])
    .filter(({ type }) => type === "message.created")
    // biome-ignore lint/suspicious/noExplicitAny: a message as the AI SDK has it
    .map(({ payload }) => payload as any);
  return messages
    .slice(1)
    .map(({ message, step }) => ({ message, step }))
    .sort((a, b) => a.step - b.step || order(a.message).localeCompare(order(b.message)));
}

// biome-ignore lint/suspicious/noExplicitAny: a message as the AI SDK has it
function order({ role, content }: any): string {
  return `${role === "tool" ? content[0].toolCallId : ""}`;
}

async function texts(session: string): Promise<readonly string[]> {
  const chunks = await (await fetch(`${session}/streams/run`)).json();
  return chunks.flatMap(({ type, delta }: { type: string; delta?: string }) =>
    type === "text-delta" ? [delta] : [],
  );
}
