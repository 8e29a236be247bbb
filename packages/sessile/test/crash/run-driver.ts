import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import type { RunInfo, SessionEvent } from "../../src/protocol/index.ts";
import { EffectServer } from "../workerd/effect-server.ts";
import { runObjects } from "../workerd/run-objects.ts";
import { type Asked, type ScriptedAnswer, ScriptedModel } from "../workerd/scripted-model.ts";
import { KillableServer } from "./killable-server.ts";

/** Where a step is killed: while the model is asked, in the middle of its answer, between an effect and what the run (or its sub-agent) knows of it, while it waits for a person. */
export type KillPlace = "asked" | "said" | "effect" | "child" | "waiting";
export type KillPlan = { readonly [turn: number]: KillPlace };

export interface RunCrashReport {
  readonly kills: number;
  readonly effects: number;
  /** Requests for an effect that had happened before, recognised by their key. */
  readonly repeats: number;
  readonly faults: readonly string[];
  readonly seconds: number;
}

const runSteps = 30;
/** Turns whose call a person has to approve first. */
const gated: { readonly [turn: number]: string } = { 10: "pay", 20: "spend" };
/** Turn whose call a sub-agent carries out, and what it is asked. Its own effect says 100. */
const delegatedTurn = 16;
const task = "Look around.";

/** Every turn is killed once. */
export const everyTurn: KillPlan = Object.fromEntries(
  Array.from({ length: runSteps }, (_, turn): [number, KillPlace] => {
    if (turn in gated) return [turn, "waiting"];
    if (turn === delegatedTurn) return [turn, "child"];
    const places = turn === runSteps - 1 ? (["said"] as const) : (["effect", "asked", "said"] as const);
    return [turn, places[turn % places.length] as KillPlace];
  }),
);

/** Every step but the last calls a tool, every third two of them. */
function answerOf({ turn }: Pick<Asked, "turn">): ScriptedAnswer {
  if (turn === runSteps - 1) return { text: "All done." };
  if (turn === delegatedTurn) return { calls: [{ id: "call_0", name: "subagent__scout", args: { task } }] };
  const tools = ["tool_a", "tool_b", "tool_c"];
  const names = [gated[turn] ?? tools[turn % 3], ...(turn % 3 === 0 ? [tools[(turn + 1) % 3]] : [])];
  const calls = names.map((name, index) => ({
    id: `call_${index}`,
    name: name as string,
    args: { n: turn },
  }));
  return { text: `Step ${turn}.`, calls };
}

/** One run that nothing disturbs, and one that is killed as planned: what differs is a fault. */
export async function runRunCrash(plan: KillPlan): Promise<RunCrashReport> {
  const startedAt = Date.now();
  const model = await ScriptedModel.start();
  const effects = await EffectServer.start();
  const server = await KillableServer.start({
    main: fileURLToPath(new URL("../workerd/fixture-run-worker.ts", import.meta.url)),
    durableObjects: runObjects,
    vars: { MODEL_URL: model.url, EFFECTS_URL: effects.url },
  });
  const sessions = (name: string) => new RunningSession(`${server.url}/v1/sessions/helpers/${name}`);
  const killed = new Set<number>();
  let isCalm = true;
  /** Once at each place of the plan; whoever waits gets no answer. */
  const killAt = async (turn: number, place: KillPlace): Promise<void> => {
    if (isCalm || plan[turn] !== place || killed.has(turn)) return;
    killed.add(turn);
    await server.kill(killed.size % 2 === 0 ? "alone" : "group");
    await server.restart();
    await fetch(`${server.url}/v1/sessions/helpers/killed`);
  };
  model.scripts.set("calm", answerOf);
  model.scripts.set("killed", async (asked) => {
    await killAt(asked.turn, "asked");
    return { ...answerOf(asked), meanwhile: () => killAt(asked.turn, "said") };
  });
  model.scripts.set(task, ({ turn }) =>
    turn === 0
      ? { calls: [{ id: "call_0", name: "tool_a", args: { n: 100 } }] }
      : { text: JSON.stringify({ seen: "a tree" }) },
  );
  effects.beforeAnswer = async (path) => {
    if (path.startsWith("/killed/")) await killAt(Number(path.split("/").at(-1)), "effect");
    if (path.endsWith("/100")) await killAt(delegatedTurn, "child");
  };
  try {
    const calm = await sessions("calm").carryOut("calm", async () => {});
    isCalm = false;
    const disturbed = await sessions("killed").carryOut("killed", (step) => killAt(step - 1, "waiting"));
    const faults: string[] = [];
    const same = (what: string, found: unknown, expected: unknown) => {
      if (!isDeepStrictEqual(found, expected))
        faults.push(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
    };
    const calls = Array.from({ length: runSteps }, (_, turn) => answerOf({ turn }).calls ?? []).flat();
    same("The undisturbed run", [calm.status, calm.steps], ["completed", runSteps]);
    same("The result", disturbed.result, calm.result);
    same("The turns that were killed", [...killed], Object.keys(plan).map(Number));
    same("The transcript", await sessions("killed").transcript(), await sessions("calm").transcript());
    // Readers get each text once, whatever was withdrawn on the way.
    same("The stream's texts", await sessions("killed").texts(), await sessions("calm").texts());
    const done = effects.effects("/killed/").map((id) => id.replace("/killed/", "/calm/"));
    same("The effects", done, effects.effects("/calm/"));
    same("The number of effects", done.length, calls.length - 1);
    const delegated = effects.effects("/sub.").length;
    same("Effects of the sub-agents, one in each run", delegated, 2);
    const requests = [...effects.requests.values()].reduce((sum, count) => sum + count, 0);
    const repeats = requests - effects.requests.size;
    return {
      kills: killed.size,
      effects: done.length,
      repeats,
      faults,
      seconds: (Date.now() - startedAt) / 1000,
    };
  } finally {
    await server.stop();
    await model.stop();
    await effects.stop();
  }
}

/** A session whose run is asked after, through every kill. */
class RunningSession {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** @param onWaiting runs before anybody answers what a step waits for */
  async carryOut(message: string, onWaiting: (step: number) => Promise<void>): Promise<RunInfo> {
    const body = JSON.stringify({ agent: "careful", message, runId: "run" });
    await fetch(`${this.#url}/runs`, { method: "POST", body });
    for (;;) {
      const run: RunInfo | null = await fetch(`${this.#url}/runs/run?wait=20`)
        .then((response) => response.json())
        .catch(() => null);
      if (run?.status === "suspended_client_tool") {
        await onWaiting(run.steps);
        for (const { gateId } of run.pending) await this.#approve(gateId);
      } else if (run && run.endedAt !== null) return run;
      // A sub-agent is at it.
      else if (run && run.status !== "running") await delay(20);
      // While the server is down nobody answers at once.
      else if (!run) await delay(20);
    }
  }

  /** What came after the first message. Results of one step come in any order. */
  async transcript(): Promise<readonly unknown[]> {
    const { items } = await (await fetch(`${this.#url}/events?limit=1000`)).json();
    const messages = (items as SessionEvent[])
      .filter(({ type }) => type === "message.created")
      // biome-ignore lint/suspicious/noExplicitAny: a message as the AI SDK has it
      .map(({ payload }) => payload as any);
    return messages
      .slice(1)
      .map(({ message, step }) => ({ message, step }))
      .sort((a, b) => a.step - b.step || orderOf(a.message).localeCompare(orderOf(b.message)));
  }

  async texts(): Promise<readonly string[]> {
    const chunks = await (await fetch(`${this.#url}/streams/run`)).json();
    return chunks.flatMap(({ type, delta }: { type: string; delta?: string }) =>
      type === "text-delta" ? [delta] : [],
    );
  }

  async #approve(gateId: string): Promise<void> {
    await fetch(`${this.#url}/gates/${encodeURIComponent(gateId)}`, {
      method: "POST",
      body: JSON.stringify({ answer: "approve" }),
    });
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a message as the AI SDK has it
function orderOf({ role, content }: any): string {
  return `${role === "tool" ? content[0].toolCallId : ""}`;
}
