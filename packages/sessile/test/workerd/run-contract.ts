import { expect } from "vitest";
import type { AgentTalk } from "./agent-scene.ts";
import type { Script } from "./scripted-model.ts";

/** One behaviour of runs, wherever they are carried out. Asked over the addresses of an `AgentServer`. */
export interface RunCase {
  readonly title: string;
  readonly run: (talk: (script: Script) => AgentTalk) => Promise<void>;
}

export const call = (name: string, n: number, id = "call_1") => ({ id, name, args: { n } });
const once: Script = ({ turn }) =>
  turn === 0 ? { text: "One.", calls: [call("tool_a", 1)] } : { text: "Two." };
const silent: Script = async ({ left }) => {
  await left;
  return {};
};

export const runContract: readonly RunCase[] = [
  {
    title: "AX1 RN1 RN13 a run asks, calls, answers, and is on the meter",
    async run(talk) {
      const one = talk(({ turn, messages }) => {
        if (turn === 0) return { text: "Let me see.", calls: [call("tool_a", 1)] };
        expect(messages.at(-1)).toMatchObject({ role: "tool", tool_call_id: "call_1" });
        return { text: "Here it is." };
      });
      expect(await one.run()).toMatchObject({
        sessionId: one.name,
        status: "completed",
        agent: "worker",
        steps: 2,
        error: null,
        result: { text: "Here it is.", finishReason: "stop", usage: { totalTokens: 24 } },
      });
      const { body } = await one.ask("GET", `/usage/${one.name}`);
      expect([body.tokens.total, body.costMicros, body.toolStats.tool_a.calls]).toEqual([24, 28, 1]);
    },
  },
  {
    title: "AX1 RN5 calls have keys of their own, and an id that fits no header is replaced by its hash",
    async run(talk) {
      const one = talk(({ turn }) =>
        turn < 2 ? { calls: [call("tool_a", 1, "é\n"), call("tool_b", 2, "call_2")] } : { text: "Done." },
      );
      const { runId } = await one.run();
      const keys = one.effects().map((id) => id.split(" ")[1]?.replace(`${runId}:`, ""));
      expect(keys.sort()).toEqual([
        "1:call_2",
        expect.stringMatching(/^1:[0-9a-f]{32}$/),
        "2:call_2",
        expect.stringMatching(/^2:[0-9a-f]{32}$/),
      ]);
    },
  },
  {
    title: "AX1 RN6 a tool that fails, and one that is not there, are told to the model",
    async run(talk) {
      const told: unknown[] = [];
      const one = talk(({ turn, messages }) => {
        if (turn > 0) told.push(messages.at(-1)?.content);
        return [{ calls: [call("broken", 1)] }, { calls: [call("absent", 1)] }, { text: "Enough." }][
          turn
        ] as object;
      });
      expect(await one.run()).toMatchObject({ status: "completed" });
      expect(told).toEqual([
        expect.stringContaining("This tool is broken."),
        expect.stringContaining("absent"),
      ]);
    },
  },
  {
    title: "AX1 RN7 a model that is busy or cut off is asked again, and readers get its answer once",
    async run(talk) {
      let asked = 0;
      const one = talk(() => {
        asked += 1;
        if (asked === 1) return { refuse: { status: 429, headers: { "retry-after-ms": "20" } } };
        return asked === 2 ? { text: "Half an ans", cut: true } : { text: "A whole answer." };
      });
      const { result } = await one.run();
      expect([asked, result.text, result.steps]).toEqual([3, "A whole answer.", 1]);
      const { events } = await one.events();
      const deltas = events.filter(({ data }) => data.type === "text-delta").map(({ data }) => data.delta);
      expect(deltas).toEqual(["A whole answer."]);
    },
  },
  {
    title:
      "AX1 AX7 RN7 a model that refuses for good fails the run, whose error the stream and the result tell",
    async run(talk) {
      const one = talk(() => ({ refuse: { status: 400 } }));
      const run = await one.run();
      expect(run).toMatchObject({ status: "failed", result: null, error: { code: "internal" } });
      expect(run.error.message).toBe("The model could not answer (the provider answered 400).");
      const { status, events } = await one.events();
      expect([status, events.at(-2)?.data, events.at(-1)?.data]).toEqual([
        200,
        { type: "error", errorText: run.error.message },
        { type: "DONE" },
      ]);
    },
  },
  {
    title:
      "AX1 AX9 AX12 RN8 an interrupted run ends before its next step, and is gone on with by its own agent, under no id that breaks out of the stream",
    async run(talk) {
      const one = talk(async ({ turn }) => {
        if (turn > 0) return { text: "Done." };
        // The answer is on its way, and is kept; its call is not carried out.
        expect((await one.tell("interrupt")).body).toMatchObject({ stopped: true });
        return { text: "Look.", calls: [call("tool_a", 1)] };
      });
      const first = await one.run({ agentType: "brief" });
      expect(first).toMatchObject({ status: "interrupted", result: { text: "Look.", steps: 1 } });
      expect(one.effects()).toEqual([]);
      expect(await one.tell("interrupt")).toMatchObject({ status: 409, body: { current: "interrupted" } });
      const inject = await one.tell("resume", { runId: 'x\n\ndata: {"type":"finish"}' });
      expect(inject).toMatchObject({ status: 400, body: { field: "runId" } });
      expect((await one.tell("resume")).status).toBe(201);
      expect((await one.result()).body).toMatchObject({ status: "completed", agent: "brief" });
      // Under the key of the run that asked for it.
      expect(one.effects()).toEqual([expect.stringContaining(`${first.runId}:1:call_1`)]);
      expect((await one.tell("resume")).status).toBe(409);
    },
  },
  {
    title: "AX1 AX5 RN8 an aborted run takes back its question to the model, and is not gone on with",
    async run(talk) {
      const asked = Promise.withResolvers<{ readonly left: Promise<void> }>();
      const one = talk(async ({ left }) => {
        asked.resolve({ left });
        await left;
        return {};
      });
      const runId = await one.start();
      const { left } = await asked.promise;
      expect((await one.tell("abort", { runId: "another" })).status).toBe(409);
      expect((await one.tell("abort", { runId })).status).toBe(200);
      await left;
      expect((await one.result()).body).toMatchObject({ runId, status: "aborted" });
      expect((await one.tell("resume")).status).toBe(409);
    },
  },
  {
    title: "AX1 AX6 RN9 while a run goes on it is what is asked for again, and anything else is refused",
    async run(talk) {
      const { promise: free, resolve } = Promise.withResolvers<void>();
      const one = talk(async () => {
        await free;
        return { text: "Done." };
      });
      const runId = await one.start();
      expect(await one.start()).toBe(runId);
      const other = await one.execute({ message: "Other" });
      expect([other.status, other.body.code, other.body.current]).toEqual([409, "conflict", runId]);
      expect(await one.result(0)).toMatchObject({ status: 202, body: { runId, status: "running" } });
      resolve();
      expect(await one.result()).toMatchObject({ status: 200, body: { status: "completed" } });
      // The conversation goes on, under an id of the caller's, which is one run however often it is asked for.
      expect(await one.start({ runId: `mine-${one.name}` })).toBe(`mine-${one.name}`);
      expect((await one.result()).body).toMatchObject({ runId: `mine-${one.name}`, status: "completed" });
      expect(await one.start({ runId: `mine-${one.name}`, message: "Other" })).toBe(`mine-${one.name}`);
      expect((await one.result()).body).toMatchObject({
        runId: `mine-${one.name}`,
        result: { text: "Done." },
      });
    },
  },
  {
    title: "AX1 AX6 RN9 of two that are asked for at the same moment one runs",
    async run(talk) {
      const [one, other] = [talk(() => ({ text: "Done." })), talk(() => ({ text: "Done." }))];
      const answers = await Promise.all([one.execute(), one.execute({ message: other.name })]);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
      const { runId } = answers.find(({ status }) => status === 201)?.body ?? {};
      expect((await one.result()).body).toMatchObject({
        runId,
        status: "completed",
        result: { text: "Done." },
      });
    },
  },
  {
    title: "AX1 RN6 RN10 calls beyond what one answer may have are told to the model, and not made",
    async run(talk) {
      let told: unknown[] = [];
      const one = talk(({ turn, messages }) => {
        if (turn === 0) return { calls: [1, 2, 3].map((n) => call("tool_a", n, `call_${n}`)) };
        told = messages.slice(-3).map(({ content }) => content);
        return { text: "Done." };
      });
      expect(await one.run({ agentType: "brief" })).toMatchObject({ status: "completed" });
      expect(one.effects()).toHaveLength(2);
      expect(told.filter((result) => String(result).includes("may have 2 calls"))).toEqual([told[2]]);
    },
  },
  {
    title: "AX1 RN10 a run that reaches a bound says which, and can be gone on with",
    async run(talk) {
      const one = talk(({ turn }) => (turn < 3 ? { calls: [call("tool_a", turn)] } : { text: "Done." }));
      const run = await one.run({ agentType: "brief" });
      expect(run).toMatchObject({ status: "exhausted", result: { reason: "steps", steps: 2 } });
      await one.tell("resume");
      expect((await one.result()).body).toMatchObject({ status: "completed", result: { steps: 2 } });
      const frugal = await talk(({ turn }) => ({ calls: [call("tool_a", turn)] })).run({
        agentType: "frugal",
      });
      expect(frugal).toMatchObject({ status: "exhausted", result: { reason: "tokens", steps: 2 } });
      const hasty = await talk(silent).run({ agentType: "hasty" });
      expect(hasty).toMatchObject({ status: "exhausted", result: { reason: "deadline" } });
      const impatient = await talk(silent).run({ agentType: "impatient" });
      expect(impatient).toMatchObject({ status: "failed", error: { code: "unavailable" } });
    },
  },
  {
    title: "AX1 RN35 a run fails whose last answer is not what its agent promises, and can be gone on with",
    async run(talk) {
      const answers = ["It is one.", '{"n":"one"}', '{"n":1}'];
      const one = talk(({ turn }) => ({ text: answers[turn] ?? "" }));
      const prose = await one.run({ agentType: "formal" });
      expect(prose).toMatchObject({ status: "failed", steps: 1, result: null, error: { code: "rejected" } });
      expect(prose.error.message).toBe("The model's last answer is no JSON.");
      expect((await one.events()).events.at(-2)?.data).toEqual({
        type: "error",
        errorText: prose.error.message,
      });
      expect((await one.tell("resume")).status).toBe(201);
      const misfit = (await one.result()).body;
      expect([misfit.status, misfit.error.message]).toEqual([
        "failed",
        expect.stringContaining("does not fit"),
      ]);
      expect((await one.tell("resume")).status).toBe(201);
      expect((await one.result()).body).toMatchObject({ status: "completed", result: { text: '{"n":1}' } });
    },
  },
  {
    title: "AX7 RN2 the stream is read from the beginning, from an event's id, and from a number of chunks",
    async run(talk) {
      const one = talk(once);
      await one.start();
      const { events } = await one.events();
      const types = events.map(({ data }) => data.type).filter((type) => !type.startsWith("tool-input"));
      const step = ["start-step", "text-start", "text-delta", "text-end", "finish-step"];
      expect(types).toEqual(["start", ...step, "tool-output-available", ...step, "finish", "DONE"]);
      const [, second, third] = events;
      expect((await one.events({ "last-event-id": second?.id ?? "" })).events[0]).toEqual(third);
      expect((await one.events({ "x-resume-from-sequence": "2" })).events[0]).toEqual(third);
      // Of another run: what was read is void.
      expect((await one.events({ "last-event-id": "other/1/2" })).events.slice(0, 2)).toEqual([
        { id: undefined, data: { type: "stream_resync" } },
        events[0],
      ]);
      const { status, headers } = await fetch(one.at(`/stream/${one.name}`), { method: "HEAD" });
      expect([status, headers.get("cache-control")]).toEqual([200, expect.stringContaining("no-cache")]);
      // Whoever has everything is not to come again.
      expect((await one.events({ "last-event-id": events.at(-2)?.id ?? "" })).status).toBe(204);
    },
  },
  {
    title: "AX6 AX7 AX8 AX9 what is not there is 404, what is not understood 400, another method 405",
    async run(talk) {
      const one = talk(once);
      for (const path of ["stream", "result", "usage"])
        expect((await one.ask("GET", `/${path}/${one.name}`)).status).toBe(404);
      expect((await one.tell("interrupt")).status).toBe(404);
      expect((await one.tell("resume")).status).toBe(404);
      expect((await one.execute({ agentType: "nobody" })).body).toMatchObject({
        status: 400,
        field: "agentType",
      });
      expect((await one.execute({ message: "" })).body).toMatchObject({ status: 400, field: "message" });
      expect((await one.execute({ mesage: "x" })).status).toBe(400);
      expect((await one.ask("GET", "/execute")).status).toBe(405);
      expect((await one.ask("GET", "/nothing")).status).toBe(404);
    },
  },
];
