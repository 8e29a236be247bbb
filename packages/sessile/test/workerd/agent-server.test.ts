import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeFinding, fuzz } from "../fuzz/fuzz.ts";
import { agentServers } from "../fuzz/targets/agents.ts";
import { AgentTalk, places } from "./agent-scene.ts";
import { call, runContract } from "./run-contract.ts";
import type { Script } from "./scripted-model.ts";
import { type ServedAgents, serveAgents } from "./serve-agents.ts";
import { waitingContract } from "./waiting-contract.ts";

let scene: ServedAgents;

beforeAll(async () => {
  scene = await serveAgents();
});
afterAll(() => scene.stop());

describe.each(places)("in the %s", (place) => {
  test.concurrent.each([...runContract, ...waitingContract])("$title", ({ run }) =>
    run((script) => new AgentTalk(scene, place, script)),
  );
});

const asking: Script = ({ turn }) => (turn === 0 ? { calls: [call("risky", 5)] } : { text: "Done." });

test("AX1 on a Workflow the model is told that no sub-agent works for it", async () => {
  const told: unknown[] = [];
  const talk = new AgentTalk(scene, "workflow", ({ turn, messages }) => {
    if (turn === 0) return { calls: [{ id: "call_1", name: "subagent__other", args: { task: "Help." } }] };
    told.push(messages.at(-1)?.content);
    return { text: "Then not." };
  });
  expect(await talk.run({ agentType: "asker" })).toMatchObject({ status: "completed", steps: 2 });
  expect(told).toEqual([expect.stringContaining("agents in a session")]);
});

test("AX13 AX15 on a Workflow all that a run waits for is in the store at once, and who answered stays there", async () => {
  const as = { "x-name": "ada" };
  const talk = new AgentTalk(scene, "guarded", ({ turn }) =>
    turn === 0 ? { calls: [call("risky", 5), call("client", 1, "call_2")] } : { text: "Done." },
  );
  await talk.ask("POST", "/execute", { agentType: "asker", message: talk.name, sessionId: talk.name }, as);
  const { body: run } = await talk.ask("GET", `/result/${talk.name}?wait=20`, undefined, as);
  const [risky, client] = run.pending.map(({ callId }: { callId: string }) => callId);
  expect(await talk.stored("loadState")).toMatchObject({
    status: "suspended_client_tool",
    stepCount: 1,
    messageCount: 2,
    suspension: { suspendedStepId: "1" },
    pendingClientToolCalls: {
      [risky]: { call: { name: "risky", arguments: { n: 5 } }, requestedBy: "ada" },
      [client]: { kind: "tool" },
    },
    clientToolCallOwnership: { [risky]: talk.name, [client]: talk.name },
    completedClientToolCalls: {},
  });
  expect(await talk.stored("getCurrentRun")).toMatchObject({ status: "suspended_client_tool" });
  expect((await talk.answer(client, { error: "No." })).status).toBe(401);
  expect((await talk.answer(client, { error: "No." }, { "x-name": "mallory" })).status).toBe(403);
  const both = await Promise.all(["approve", "reject"].map((answer) => talk.answer(risky, { answer }, as)));
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(await talk.stored("loadState")).toMatchObject({
    pendingClientToolCalls: { [client]: {} },
    completedClientToolCalls: { [risky]: { outcome: { by: { id: "ada" }, at: expect.any(Number) } } },
  });
  await talk.answer(client, { result: null }, as);
  const ended = await talk.ask("GET", `/result/${talk.name}?wait=20`, undefined, as);
  expect(ended.body).toMatchObject({ runId: run.runId, status: "completed" });
  expect(await talk.stored("loadState")).toMatchObject({ status: "completed", suspension: null });
});

test.each(places)(
  "AX17 RN21 an abort withdraws what a run before has asked, while other calls are made (in the %s)",
  async (place) => {
    const calls = [call("risky", 1), call("risky", 2, "call_2")];
    const talk = new AgentTalk(scene, place, () => ({ calls }));
    const [first, second] = (await talk.run({ agentType: "asker" })).pending;
    await talk.tell("interrupt");
    expect((await talk.answer(first.callId, { answer: "approve" })).status).toBe(200);
    const [made, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    scene.effects.beforeAnswer = () => {
      made.resolve();
      return free.promise;
    };
    expect((await talk.tell("resume")).status).toBe(201);
    await made.promise;
    expect((await talk.tell("abort")).status).toBe(200);
    expect((await talk.result()).body).toMatchObject({ status: "aborted" });
    free.resolve();
    scene.effects.beforeAnswer = () => {};
    expect((await talk.answer(second.callId, { answer: "approve" })).body).toMatchObject({
      code: "gate_closed",
      gate: { status: "expired", reason: "withdrawn" },
    });
  },
);

test.each([
  ["object", 1_000_000],
  ["workflow", 630_000],
] as const)(
  "AX14 a result that the model could not get is refused by its length, and a shorter one taken (in the %s)",
  async (place, limit) => {
    let told: unknown;
    const talk = new AgentTalk(scene, place, ({ turn, messages }) => {
      if (turn === 0) return { calls: [call("client", 1)] };
      told = messages.at(-1)?.content;
      return { text: "Done." };
    });
    const [{ callId }] = (await talk.run({ agentType: "asker" })).pending;
    const long = "x".repeat(limit - 2);
    expect(await talk.answer(callId, { result: `${long}x` })).toMatchObject({
      status: 413,
      body: { code: "limit_exceeded", field: "result", limit: "maxGateResultChars" },
    });
    expect((await talk.result(0)).body).toMatchObject({ pending: [{ callId }] });
    expect((await talk.answer(callId, { result: long })).status).toBe(200);
    expect((await talk.result()).body).toMatchObject({ status: "completed" });
    expect(told === long).toBe(true);
  },
);

test("AX14 AX16 AX17 a run that waits goes on although its next instance is not started at once, lapses or ends with its session", async () => {
  const talk = new AgentTalk(scene, "workflow", asking);
  const [{ callId }] = (await talk.run({ agentType: "asker" })).pending;
  const unlucky = new AgentTalk(scene, "unlucky", asking, talk.name);
  expect((await unlucky.answer(callId, { answer: "approve" })).status).toBe(200);
  expect((await talk.result()).body).toMatchObject({ status: "completed", result: { text: "Done." } });

  const lapsing = new AgentTalk(scene, "workflow", asking);
  await lapsing.run({ agentType: "asker" });
  const state = (await lapsing.stored("loadState")) as object;
  await lapsing.stored("saveState", { ...state, suspension: { expiresAt: 1 } });
  expect((await lapsing.result()).body).toMatchObject({ status: "completed" });
  expect(lapsing.effects()).toEqual([]);

  const other = new AgentTalk(scene, "workflow", asking);
  await other.run({ agentType: "asker" });
  await other.stored("updateStatus", "failed");
  expect((await other.result()).body).toMatchObject({ status: "failed", error: { code: "rejected" } });
});

test("AX2 on a Workflow messages, state, runs and checkpoints lie in D1, as front ends read them", async () => {
  const talk = new AgentTalk(scene, "workflow", ({ turn }) =>
    turn === 0
      ? { text: "One.", calls: [{ id: "call_1", name: "tool_a", args: { n: 1 } }] }
      : { text: "Two." },
  );
  const { runId } = await talk.run();
  expect(await talk.stored("loadState")).toMatchObject({
    agentType: "worker",
    status: "completed",
    stepCount: 2,
    messageCount: 4,
    output: { outcome: "completed", text: "Two." },
  });
  const { messages } = (await talk.stored("getMessages")) as { readonly messages: readonly object[] };
  expect(messages).toMatchObject([
    { role: "user", content: talk.name, run: { runId, step: 0 } },
    { role: "assistant", run: { runId, step: 1 } },
    { role: "tool", run: { runId, step: 1 } },
    { role: "assistant", run: { runId, step: 2, finishReason: "stop" } },
  ]);
  expect(await talk.stored("listRuns")).toMatchObject([
    { runId, status: "completed", stepCount: 2, turn: 1 },
  ]);
  expect(await talk.stored("listCheckpoints")).toMatchObject({
    checkpoints: [
      { stepCount: 2, messageCount: 4 },
      { stepCount: 1, messageCount: 2 },
    ],
  });
});

test("AX2 a store that is away is waited for, and nothing is stored twice", async () => {
  const calls = [0, 1].map((n) => ({ id: `call_${n}`, name: "tool_a", args: { n } }));
  const talk = new AgentTalk(scene, "flaky", ({ turn }) => (turn < 2 ? { calls } : { text: "Done." }));
  const { runId, status, steps } = await talk.run();
  expect([status, steps]).toEqual(["completed", 3]);
  const made = [...scene.effects.requests].filter(([id]) => id.startsWith(`/${talk.name}/`));
  expect(made.sort(([a], [b]) => a.localeCompare(b))).toEqual(
    ["0 {}:1:call_0", "0 {}:2:call_0", "1 {}:1:call_1", "1 {}:2:call_1"].map((key) => [
      `/${talk.name}/a/${key.replace("{}", runId)}`,
      1,
    ]),
  );
  const { messages } = (await talk.stored("getMessages")) as { readonly messages: { role: string }[] };
  expect(messages.map(({ role }) => role)).toEqual(
    ["user", ["assistant", "tool", "tool"], ["assistant", "tool", "tool"], "assistant"].flat(),
  );
  const { tokens, toolStats } = (await talk.ask("GET", `/usage/${talk.name}`)).body;
  expect([tokens.total, toolStats.tool_a.calls]).toEqual([36, 4]);

  const waiting = new AgentTalk(scene, "flaky", asking);
  const [{ callId }] = (await waiting.run({ agentType: "asker" })).pending;
  await waiting.answer(callId, { answer: "approve" });
  expect((await waiting.result()).body).toMatchObject({ status: "completed", steps: 2 });
  expect(waiting.effects()).toHaveLength(1);
});

test("AX2 a stream whose object goes away has a step done again, and its run goes on", async () => {
  const calls = [call("tool_a", 1, "lost_1")];
  const talk = new AgentTalk(scene, "flaky", ({ turn }) => (turn === 0 ? { calls } : { text: "Done." }));
  expect(await talk.run()).toMatchObject({ status: "completed", steps: 2 });
  // It was made again, under the same key.
  const made = [...scene.effects.requests].filter(([id]) => id.startsWith(`/${talk.name}/`));
  expect(made).toEqual([[expect.any(String), 2]]);
  const { messages } = (await talk.stored("getMessages")) as { readonly messages: { role: string }[] };
  expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
});

test("AX3 a run whose instance was not started is found by the next question about it", async () => {
  const talk = new AgentTalk(scene, "unlucky", () => ({ text: "Done." }));
  expect((await talk.execute()).status).toBe(503);
  const lucky = new AgentTalk(scene, "workflow", () => ({ text: "Done." }), talk.name);
  expect((await lucky.result()).body).toMatchObject({ status: "completed", result: { text: "Done." } });
});

test("AX3 a run whose instance somebody has terminated is aborted", async () => {
  const asked = Promise.withResolvers<void>();
  const talk = new AgentTalk(scene, "workflow", async ({ left }) => {
    asked.resolve();
    await left;
    return {};
  });
  const runId = await talk.start();
  await asked.promise;
  await fetch(`${scene.url}/terminate/${talk.name}/${runId}`);
  expect((await talk.result()).body).toMatchObject({ runId, status: "aborted" });
});

test("AX4 a run goes on in a next instance when one has taken its steps, calls of one answer together", async () => {
  const calls = (turn: number) =>
    [0, 1].map((n) => ({ id: `call_${n}`, name: "tool_a", args: { n: 2 * turn + n } }));
  const talk = new AgentTalk(scene, "workflow", ({ turn }) =>
    turn < 5 ? { calls: calls(turn) } : { text: "Done." },
  );
  const { runId, status, steps } = await talk.run();
  expect([status, steps, talk.effects().length]).toEqual(["completed", 6, 10]);
  const { metadata } = (await talk.stored("loadState")) as { readonly metadata: object };
  // 16 steps, of which an instance takes 6, and the rest of the calls that it has begun with.
  expect(metadata).toMatchObject({ run: { runId, instance: 3 } });
});

test("AX4 a run whose session somebody else has ended in the store saves nothing more, and fails", async () => {
  const talk = new AgentTalk(scene, "workflow", async () => {
    await talk.stored("updateStatus", "failed");
    return { text: "Too late." };
  });
  expect(await talk.run()).toMatchObject({ status: "failed", error: { code: "rejected" } });
  expect(await talk.stored("getMessageCount")).toBe(1);
});

test("AX5 an interrupt flag that somebody else has set in the store ends the run before its next step", async () => {
  const talk = new AgentTalk(scene, "workflow", async ({ turn }) => {
    if (turn === 0) await talk.stored("setInterruptFlag", "enough");
    return { calls: [{ id: "call_1", name: "tool_a", args: { n: turn } }] };
  });
  expect(await talk.run()).toMatchObject({ status: "interrupted", steps: 1 });
  expect(await talk.stored("checkInterruptFlag")).toBeNull();
});

test("AX10 a server that knows nobody is not made; nobody is let in, and nobody where they may not", async () => {
  const made = await (await fetch(`${scene.url}/make`)).json();
  expect(made).toEqual([{ code: "bad_request", details: { field: "authenticate" } }, null]);
  const talk = new AgentTalk(scene, "guarded", () => ({ text: "Done." }), "forbidden-1");
  const as = { "x-name": "ada" };
  const post = {
    method: "POST",
    body: JSON.stringify({ agentType: "worker", message: "x", sessionId: talk.name }),
  };
  expect((await fetch(talk.at("/execute"), post)).status).toBe(401);
  expect((await fetch(talk.at("/execute"), { ...post, headers: as })).status).toBe(403);
  expect((await fetch(talk.at(`/chat/${talk.name}/interrupt`), { method: "POST", headers: as })).status).toBe(
    403,
  );
  expect((await fetch(talk.at(`/result/${talk.name}`), { headers: as })).status).toBe(404);
});

test.each(places)(
  "AX18 SS2 without authorize a session is for whoever made it alone (in the %s)",
  async (place) => {
    const talk = new AgentTalk(scene, `own-${place}`, () => ({ text: "Done." }));
    const statusOf = async (name: string, path: string, body?: object) => {
      const asked = {
        headers: { "x-name": name },
        ...(body ? { method: "POST", body: JSON.stringify(body) } : {}),
      };
      return (await fetch(talk.at(path), asked)).status;
    };
    const go = { agentType: "worker", message: talk.name, sessionId: talk.name };
    const reads = ["result", "stream", "usage"].map((what) => `/${what}/${talk.name}`);
    const stops = ["resume", "interrupt", "abort"].map((what) => `/chat/${talk.name}/${what}`);
    expect(await statusOf("ada", "/execute", go)).toBe(201);
    expect(await statusOf("ada", `/result/${talk.name}?wait=20`)).toBe(200);
    for (const path of reads) expect([path, await statusOf("eve", path)]).toEqual([path, 404]);
    for (const path of stops) expect([path, await statusOf("eve", path, {})]).toEqual([path, 404]);
    expect(await statusOf("eve", "/execute", go)).toBe(404);
    for (const path of reads) expect([path, await statusOf("ada", path)]).toEqual([path, 200]);
    // A session's own actor comes from inside only.
    expect(await statusOf("session:owned/other", "/execute", { ...go, sessionId: "another" })).toBe(403);
  },
);

test("AX18 where sessions are nobody's, nobody is let into one without authorize", async () => {
  const talk = new AgentTalk(scene, "nobodys", () => ({ text: "Done." }));
  const headers = { "x-name": "ada" };
  const post = { method: "POST", headers, body: JSON.stringify({ agentType: "worker", message: "x" }) };
  expect((await fetch(talk.at("/execute"), post)).status).toBe(403);
  expect((await fetch(talk.at(`/result/${talk.name}`), { headers })).status).toBe(403);
});

test.each(places)(
  "AX11 a Worker's own code runs an agent, reads along and finds the run again (in the %s)",
  async (place) => {
    const talk = new AgentTalk(scene, place, () => ({ text: "Done." }));
    const answer = await (await fetch(`${scene.url}/ask/${place}/${talk.name}`)).json();
    expect(answer).toMatchObject({
      before: null,
      chunks: expect.arrayContaining(["start", "text-delta", "finish"]),
      outcome: "completed",
      text: "Done.",
      isFound: true,
      other: null,
      tokens: { total: 12 },
    });
  },
);

test("SE23 hostile input to an AgentServer is refused or taken for what it is", async () => {
  const findings = await fuzz(agentServers(scene), "test", { count: 300 });
  scene.model.otherwise = null;
  expect(findings.map(describeFinding).join("\n")).toBe("");
});
