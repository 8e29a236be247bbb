import { expect } from "vitest";
import type { AgentTalk } from "./agent-scene.ts";
import { call, type RunCase } from "./run-contract.ts";
import type { Script, ScriptedAnswer } from "./scripted-model.ts";

type Calls = NonNullable<ScriptedAnswer["calls"]>;

/** A conversation whose first answer makes these calls, and what the model is told of them then. */
function calling(talk: (script: Script) => AgentTalk, ...calls: Calls) {
  let results: readonly unknown[] = [];
  const one = talk(({ turn, messages }) => {
    if (turn === 0) return { text: "Let me.", calls };
    results = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
    return { text: "Done." };
  });
  return { one, told: () => results, wait: () => one.run({ agentType: "asker" }) };
}

const hash = expect.stringMatching(/^[0-9a-f]{64}$/);

/** Runs that wait for people and clients. */
export const waitingContract: readonly RunCase[] = [
  {
    title:
      "AX9 AX13 AX14 AX15 RN18 RN19 a run waits for whoever is to answer its calls, and goes on with the last answer",
    async run(talk) {
      const questions = [{ question: "Which floor?", options: ["first", "second"] }];
      const { one, told, wait } = calling(
        talk,
        call("risky", 5),
        call("tool_a", 1, "call_2"),
        call("client", 2, "call_3"),
        { id: "call_4", name: "ask", args: { questions } },
      );
      const run = await wait();
      const id = (n: number) => `${run.runId}:1:call_${n}`;
      expect(run).toMatchObject({ status: "suspended_client_tool", result: null, endedAt: null });
      expect(run.pending).toMatchObject([
        { callId: id(1), kind: "approval", toolName: "risky", arguments: { n: 5 }, argumentsHash: hash },
        { callId: id(3), kind: "tool", toolName: "client", arguments: { n: 2 }, argumentsHash: hash },
        { callId: id(4), kind: "question", toolName: "ask", questions },
      ]);
      // What needs nobody was carried out meanwhile, and whoever reads along waits with the run.
      expect(one.effects()).toEqual([`/${one.name}/a/1 ${id(2)}`]);
      const read = one.events();
      const refused = [
        [id(1), { result: "forged" }],
        [id(1), { answer: "perhaps" }],
        [id(1), { answer: "approve", arguments: { n: "five" } }],
        [id(3), { answer: "approve" }],
        [id(3), { error: "x".repeat(8193) }],
        [id(4), { answer: { "Which floor?": "third" } }],
        [id(4), { answer: { "Which door?": "first" } }],
        [id(4), {}],
        ["x".repeat(257), { result: 1 }],
      ] as const;
      for (const [callId, answer] of refused) expect((await one.answer(callId, answer)).status).toBe(400);
      expect((await one.answer(id(2), { result: 1 })).status).toBe(404);
      expect((await one.answer(id(1), { answer: "approve", argumentsHash: "0" })).status).toBe(412);
      expect((await one.result(0)).body.pending).toEqual(run.pending);

      expect((await one.answer(id(3), { result: { town: "Wien" } })).status).toBe(200);
      expect((await one.answer(id(4), { answer: { "Which floor?": "second" } })).status).toBe(200);
      expect((await one.result()).body).toMatchObject({ pending: [{ callId: id(1) }] });
      const early = await one.tell("resume");
      expect(early).toMatchObject({ status: 409, body: { code: "conflict", current: "waiting" } });
      // What it says can be done here, where no message can be given meanwhile.
      expect([early.body.field, early.body.detail]).toEqual([
        undefined,
        expect.stringContaining("interrupt"),
      ]);
      const edited = { answer: "approve", arguments: { n: 4 } };
      const { status, body } = await one.answer(id(1), edited);
      expect([status, body]).toMatchObject([200, { callId: id(1), status: "answered", answer: "approve" }]);
      // The same again is the same, and anything else comes too late.
      expect((await one.answer(id(1), edited)).body).toEqual(body);
      const late = await one.answer(id(1), { answer: "reject" });
      expect([late.status, late.body]).toMatchObject([
        409,
        { code: "gate_closed", gate: { answer: "approve" } },
      ]);
      expect((await one.result()).body).toMatchObject({ runId: run.runId, status: "completed", steps: 2 });
      expect((await one.answer(id(1), edited)).body).toEqual(body);
      expect(one.effects()).toContain(`/${one.name}/risky/4 ${id(1)}`);
      expect(told().slice(2)).toEqual(['{"town":"Wien"}', '{"Which floor?":"second"}']);
      const types = (await read).events.map(({ data }) => data.type);
      expect(types.filter((type) => /approval|metadata|^finish$|DONE/.test(type))).toEqual([
        "tool-approval-request",
        "message-metadata",
        "tool-approval-response",
        "finish",
        "DONE",
      ]);
    },
  },
  {
    title: "AX13 AX16 RN20 a no is told to the model as a no, an error as one, and a time-out as nobody's no",
    async run(talk) {
      const { one, told, wait } = calling(
        talk,
        call("risky", 5),
        call("risky", 7, "call_2"),
        call("client", 1, "call_3"),
      );
      const { runId } = await wait();
      await one.answer(`${runId}:1:call_1`, { answer: "reject", comment: "Too much." });
      await one.answer(`${runId}:1:call_3`, { error: "It is dark." });
      expect(await one.until("completed")).toMatchObject({ runId });
      expect(told()).toEqual([
        expect.stringContaining("Too much."),
        "Nobody answered in time. This was not carried out.",
        "It is dark.",
      ]);
      expect(one.effects()).toEqual([]);
      const late = await one.answer(`${runId}:1:call_2`, { answer: "approve" });
      expect([late.status, late.body]).toMatchObject([409, { gate: { status: "expired", reason: "time" } }]);
    },
  },
  {
    title:
      "AX13 AX17 RN21 an interrupted run leaves its calls to the next one, an aborted one withdraws them",
    async run(talk) {
      const { one, wait } = calling(talk, call("risky", 5));
      const first = await wait();
      const [{ callId }] = first.pending;
      expect(await one.execute({ agentType: "asker", message: "Other" })).toMatchObject({
        status: 409,
        body: { current: first.runId },
      });
      expect((await one.tell("interrupt")).status).toBe(200);
      expect((await one.result()).body).toMatchObject({ status: "interrupted", pending: [] });
      const { runId } = (await one.tell("resume")).body;
      expect((await one.result()).body).toMatchObject({ runId, pending: [{ callId }] });
      await one.answer(callId, { answer: "approve" });
      expect((await one.result()).body).toMatchObject({ runId, status: "completed" });
      expect(one.effects()).toEqual([`/${one.name}/risky/5 ${callId}`]);

      const other = calling(talk, call("risky", 5));
      const [asked] = (await other.wait()).pending;
      expect((await other.one.tell("abort")).status).toBe(200);
      expect((await other.one.result()).body).toMatchObject({ status: "aborted" });
      expect((await other.one.answer(asked.callId, { answer: "approve" })).body).toMatchObject({
        code: "gate_closed",
        gate: { status: "expired", reason: "withdrawn" },
      });
    },
  },
  {
    title:
      "AX13 AX17 RN21 a run whose deadline comes while it waits ends, and what it asked can be answered for the next",
    async run(talk) {
      const { one } = calling(talk, call("risky", 5));
      const runId = await one.start({ agentType: "punctual" });
      expect(await one.until("exhausted")).toMatchObject({ runId, result: { reason: "deadline" } });
      // A busy machine may have come to the deadline before it came to the call.
      const { status } = await one.answer(`${runId}:1:call_1`, { answer: "reject" });
      expect([200, 404]).toContain(status);
    },
  },
  {
    title: "AX13 AX17 RN21 a message given instead of answers withdraws what an interrupted run has asked",
    async run(talk) {
      const { one, told, wait } = calling(talk, call("risky", 5));
      const [{ callId }] = (await wait()).pending;
      await one.tell("interrupt");
      await one.result();
      expect(await one.run({ agentType: "asker", message: "Never mind." })).toMatchObject({
        status: "completed",
      });
      expect(told()).toEqual([expect.stringContaining("withdrawn")]);
      expect((await one.answer(callId, { answer: "approve" })).status).toBe(409);
    },
  },
];
