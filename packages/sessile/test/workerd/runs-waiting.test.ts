import { afterAll, beforeAll, expect, test } from "vitest";
import { call, RunScene, type Talk } from "./run-scene.ts";
import type { Asked, ScriptedAnswer } from "./scripted-model.ts";

let scene: RunScene;
beforeAll(async () => {
  scene = await RunScene.start();
});
afterAll(() => scene.stop());

type Calls = NonNullable<ScriptedAnswer["calls"]>;

/** A conversation whose first answer makes these calls; what the model is told of them then is kept. */
function calling(...calls: Calls): { readonly talk: Talk; readonly told: () => readonly unknown[] } {
  let results: readonly unknown[] = [];
  const talk = scene.talk(({ turn, messages }: Asked) => {
    if (turn === 0) return { text: "Let me.", calls };
    results = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
    return { text: "Done." };
  });
  return { talk, told: () => results };
}

test("RN18 RN19 a call that needs an approval suspends its run, and the answer lets it go on, each effect once", async () => {
  const { talk, told } = calling(call("pay", 5), call("tool_a", 1, "call_2"));
  const run = await talk.run("careful");
  const gateId = `${run.runId}:1:call_1`;
  expect(run).toMatchObject({
    status: "suspended_client_tool",
    result: null,
    pending: [{ gateId, kind: "approval", toolCallId: "call_1", toolName: "pay" }],
  });
  // What needs nobody was carried out meanwhile, and nothing is at work.
  expect(talk.effects).toEqual([`/${talk.name}/a/1 ${run.runId}:1:call_2`]);
  const view = (await talk.ask("GET", "")).body;
  expect([Object.keys(view.work), view.streams[run.runId].status]).toEqual([[], "paused"]);
  const { whole } = await talk.follow(run.runId, "now");
  expect((await talk.answer(gateId, "approve")).status).toBe(200);
  expect(await talk.ended(run.runId)).toMatchObject({ status: "completed", result: { text: "Done." } });
  // Who reads along waits with it, and reads on to the end.
  expect(await whole).toMatch(/tool-approval-response.*"finish"/s);
  expect(talk.effects).toHaveLength(2);
  expect(told()).toHaveLength(2);
  // One stream from beginning to end.
  const types = (await talk.chunks(run.runId)).map(({ type }: { type: string }) => type);
  expect(types.filter((type: string) => /approval|output|metadata|^finish$/.test(type))).toEqual([
    "tool-approval-request",
    "tool-output-available",
    "message-metadata",
    "tool-approval-response",
    "tool-output-available",
    "finish",
  ]);
});

test("RN18 a function decides which calls need an approval, and one that is never asked needs none", async () => {
  const { talk } = calling(call("spend", 3), call("spend", 30, "call_2"));
  const run = await talk.run("careful");
  expect(run.pending).toMatchObject([{ toolCallId: "call_2" }]);
  expect(talk.effects).toEqual([`/${talk.name}/spend/3 ${run.runId}:1:call_1`]);
});

test("RN20 a call is made with the arguments that were approved, and the model is shown those", async () => {
  let input: unknown;
  const talk = scene.talk(({ turn, messages }) => {
    if (turn === 0) return { calls: [call("pay", 5)] };
    input = JSON.parse(
      messages.find(({ role }) => role === "assistant")?.tool_calls?.[0]?.function.arguments ?? "",
    );
    return { text: "Done." };
  });
  const run = await talk.run("careful");
  await talk.answer(run.pending[0].gateId, "approve", { arguments: { n: 4 } });
  expect(await talk.ended(run.runId)).toMatchObject({ status: "completed" });
  expect(talk.effects).toEqual([`/${talk.name}/pay/4 ${run.runId}:1:call_1`]);
  expect(input).toEqual({ n: 4 });
});

test("RN20 changed arguments that the tool does not take are told as such, and not tried", async () => {
  const { talk, told } = calling(call("pay", 5));
  const run = await talk.run("careful");
  await talk.answer(run.pending[0].gateId, "approve", { arguments: { n: "five" } });
  await talk.ended(run.runId);
  expect([talk.effects, told()]).toEqual([[], [expect.stringContaining("do not fit")]]);
});

test("RN20 a denial is told as such, and a time-out as no person's no", async () => {
  const { talk, told } = calling(call("pay", 5), call("pay", 7, "call_2"));
  const run = await talk.run("careful");
  await talk.answer(`${run.runId}:1:call_1`, "reject", { comment: "Too much." });
  await talk.until(run.runId, "completed");
  expect(talk.effects).toEqual([]);
  expect(told()).toEqual([
    expect.stringContaining("Too much."),
    "Nobody answered in time. This was not carried out.",
  ]);
  const types = (await talk.chunks(run.runId)).map(({ type }: { type: string }) => type);
  expect(types).toEqual(expect.arrayContaining(["tool-output-denied", "tool-output-error"]));
});

test("RN20 of two who answer at once one is heard, and the call is carried out or not, accordingly", async () => {
  const { talk } = calling(call("pay", 5));
  const run = await talk.run("careful");
  const { gateId } = run.pending[0];
  const both = await Promise.all([talk.answer(gateId, "approve"), talk.answer(gateId, "reject")]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(both.find(({ status }) => status === 409)?.body.code).toBe("gate_closed");
  expect((await talk.ended(run.runId)).status).toBe("completed");
  expect(talk.effects).toHaveLength(both[0]?.status === 200 ? 1 : 0);
});

test("RN18 a client carries a call out, and people answer questions", async () => {
  const questions = [{ question: "Which floor?", options: ["first", "second"] }];
  const { talk, told } = calling(call("locate", 1), { id: "call_2", name: "ask", args: { questions } });
  const run = await talk.run("careful");
  expect(run.pending).toMatchObject([{ kind: "tool" }, { kind: "question" }]);
  await talk.answer(`${run.runId}:1:call_1`, "result", { result: { town: "Wien" } });
  // A result cannot stand in for an answer, and nobody goes on before the last.
  expect((await talk.answer(`${run.runId}:1:call_2`, "answer", { result: { town: "x" } })).status).toBe(400);
  expect((await talk.ended(run.runId)).status).toBe("suspended_client_tool");
  await talk.answer(`${run.runId}:1:call_2`, "answer", { result: { "Which floor?": "second" } });
  expect(await talk.ended(run.runId)).toMatchObject({ status: "completed" });
  expect(told()).toEqual(['{"town":"Wien"}', '{"Which floor?":"second"}']);
});

test("RN21 SM20 an interrupted run leaves its questions to the next one, an aborted one withdraws them", async () => {
  const { talk, told } = calling(call("pay", 5));
  const first = await talk.run("careful");
  const { gateId } = first.pending[0];
  expect((await talk.ask("POST", "/interrupt", {})).body).toEqual({ stopped: true });
  expect((await talk.ended(first.runId)).status).toBe("interrupted");
  const { runId } = (await talk.ask("POST", "/resume", {})).body;
  expect(runId).not.toBe(first.runId);
  expect((await talk.ended(runId)).pending).toEqual(first.pending);
  await talk.answer(gateId, "approve");
  expect((await talk.ended(runId)).status).toBe("completed");
  expect([talk.effects, told()]).toEqual([[`/${talk.name}/pay/5 ${gateId}`], [expect.anything()]]);
  // The step is finished, whichever run did that.
  const from = { runId: first.runId, step: 1 };
  const again = (await talk.ask("POST", "/resume", { from })).body.runId;
  expect((await talk.ended(again)).status).toBe("completed");

  const aborted = calling(call("pay", 5)).talk;
  const run = await aborted.run("careful");
  const { whole } = await aborted.follow(run.runId, "now");
  await aborted.ask("POST", "/abort", {});
  expect((await aborted.ended(run.runId)).status).toBe("aborted");
  // One commit resumed the stream, said how it ended and closed it: who reads along gets all of it.
  expect(await whole).toContain('"type":"abort"');
  expect((await aborted.answer(run.pending[0].gateId, "approve")).body).toMatchObject({
    code: "gate_closed",
    gate: { status: "expired", reason: "withdrawn" },
  });
});

test("RN21 a message instead of an answer withdraws the question, and the same run goes on with it", async () => {
  const { talk, told } = calling(call("pay", 5));
  const run = await talk.run("careful");
  expect((await talk.ask("GET", "/resume")).body).toEqual({ canResume: false, reason: "waiting" });
  expect(await talk.ask("POST", "/resume", {})).toMatchObject({ status: 409, body: { current: "waiting" } });
  const resumed = await talk.ask("POST", "/resume", { message: "Never mind." });
  expect(resumed.body.runId).toBe(run.runId);
  expect(await talk.ended(run.runId)).toMatchObject({ status: "completed", steps: 2 });
  expect(told()).toEqual([expect.stringContaining("withdrawn")]);
  expect(talk.effects).toEqual([]);
  expect((await talk.ask("GET", "/resume")).body).toEqual({ canResume: false, reason: "completed" });
});

test("RN21 a run whose deadline comes while it waits ends there", async () => {
  const { talk } = calling(call("pay", 5));
  const runId = await talk.start("punctual");
  const waiting = await talk.ended(runId);
  // Busy machines come here late.
  const run = waiting.status === "suspended_client_tool" ? await talk.until(runId, "exhausted") : waiting;
  expect(run).toMatchObject({ status: "exhausted", result: { reason: "deadline" } });
  // What it waited for can still be answered, for the run that goes on.
  if (waiting.pending.length === 0) return;
  await talk.answer(waiting.pending[0].gateId, "approve");
  await talk.ended((await talk.ask("POST", "/resume", { agent: "careful" })).body.runId);
  expect(talk.effects).toHaveLength(1);
});

test("RN4 a run whose stream is closed while it waits has ended: answers are taken, and so is the next run", async () => {
  for (const [method, path] of [
    ["POST", "/cancel"],
    ["DELETE", ""],
  ] as const) {
    const { talk } = calling(call("pay", 5));
    const run = await talk.run("careful");
    expect((await talk.ask(method, `/streams/${run.runId}${path}`)).status).toBeLessThan(300);
    const { gateId } = run.pending[0];
    expect((await talk.answer(gateId, "approve")).status).toBe(200);
    const { agent } = (await talk.ask("GET", "")).body.state;
    expect(agent).toMatchObject({ active: null, last: { runId: run.runId, outcome: "failed" } });
    const { runId } = (await talk.ask("POST", "/resume", { agent: "careful" })).body;
    expect(await talk.ended(runId)).toMatchObject({ status: "completed" });
    expect(talk.effects).toEqual([`/${talk.name}/pay/5 ${gateId}`]);
    const told = calling(call("pay", 5)).talk;
    const waiting = await told.run("careful");
    await told.ask(method, `/streams/${waiting.runId}${path}`);
    const next = await told.ask("POST", "/runs", { agent: "careful", message: "Never mind." });
    expect([next.status, (await told.ended(next.body.runId)).status]).toEqual([201, "completed"]);
  }
});

test("RN4 a run whose stream is closed when it is about to wait has ended, and the next one is taken", async () => {
  const { talk, told } = calling(call("locate", 13));
  const run = await talk.run("careful");
  expect(run).toMatchObject({ status: "failed", error: { message: "Enough." } });
  const next = await talk.start("careful", { message: "Never mind." });
  expect([(await talk.ended(next)).status, told()]).toEqual([
    "completed",
    [expect.stringContaining("withdrawn")],
  ]);
});

test("RN22 a conversation goes on from any step that was finished, and what came after stays in the log", async () => {
  const talk = scene.talk(({ turn }) =>
    turn < 2 ? { text: `Look ${turn}.`, calls: [call("tool_a", turn)] } : { text: "Done." },
  );
  const first = await talk.run("careful");
  const said = await talk.events("message.created");
  scene.model.scripts.set(talk.name, ({ messages }) => ({ text: `After ${messages.length}.` }));
  const from = { runId: first.runId, step: 1 };
  const { runId } = (await talk.ask("POST", "/resume", { from })).body;
  // The question, the first answer and its result: as if the second had never been.
  expect(await talk.ended(runId)).toMatchObject({ status: "completed", result: { text: "After 3." } });
  expect((await talk.events("message.created")).slice(0, said.length)).toEqual(said);
  const nowhere = await talk.ask("POST", "/resume", { from: { runId: "none", step: 1 } });
  expect([nowhere.status, nowhere.body.field]).toEqual([404, "from"]);
});

test("RN23 a forced abort ends a run in its own commit, whatever it is at", async () => {
  const asked = Promise.withResolvers<void>();
  const talk = scene.talk(async ({ left }) => {
    asked.resolve();
    await left;
    return {};
  });
  const runId = await talk.start();
  await asked.promise;
  expect((await talk.ask("POST", "/interrupt", { force: true })).status).toBe(400);
  expect((await talk.ask("POST", "/abort", { force: true })).body).toEqual({ stopped: true });
  const { body } = await talk.ask("GET", `/runs/${runId}`);
  expect(body).toMatchObject({ status: "aborted", result: { reason: "forced" } });
});

test("RN15 a handle waits for a run that waits for others too, and tells what a run has used", async () => {
  const { talk } = calling(call("pay", 5));
  const { result } = (await talk.ask("POST", "/call/askCarefully", [talk.name])).body;
  expect(result.result).toMatchObject({
    outcome: "suspended_client_tool",
    text: "Let me.",
    pending: [{ toolName: "pay" }],
  });
  expect(result.usage.tokens.total).toBe(12);
});

test("RN24 a run without room in a budget waits for a person, and goes on when it is raised", async () => {
  const { talk } = calling(call("tool_a", 1));
  // Each answer takes 12 tokens.
  await talk.ask("POST", "/call/setBudget", [20]);
  const run = await talk.run("careful");
  expect(run).toMatchObject({ status: "suspended_budget", steps: 1, pending: [{ kind: "approval" }] });
  await talk.answer(run.pending[0].gateId, "raise");
  expect(await talk.ended(run.runId)).toMatchObject({ status: "completed", steps: 2 });
});

test("RN24 a budget that nobody raises ends the run as exhausted, and holds no room for what was not asked", async () => {
  const { talk } = calling(call("tool_a", 1));
  await talk.ask("POST", "/call/setBudget", [20]);
  const run = await talk.run("careful");
  await talk.answer(run.pending[0].gateId, "stop");
  expect(await talk.ended(run.runId)).toMatchObject({ status: "exhausted", result: { reason: "budget" } });
  const { body } = await talk.ask("POST", "/call/budgetStatus", []);
  expect(body.result).toMatchObject([{ used: { tokens: 12 }, reserved: { tokens: 0 } }]);
});

test("RN22 a run that is told something else by somebody else asks on their behalf from then on", async () => {
  const talk = scene.talk(({ turn }: Asked) => ({ calls: [call("pay", turn, `call_${turn}`)] }), "owned");
  talk.user = "ada";
  const { runId } = await talk.run("careful");
  await talk.ask("POST", "/access", { members: { eve: ["read", "write"] } });
  const asked = async () =>
    (await talk.ask("GET", "/gates")).body.items.map(
      ({ requestedBy }: { requestedBy?: string }) => requestedBy,
    );
  expect(await asked()).toEqual(["ada"]);
  talk.user = "eve";
  expect((await talk.ask("POST", "/resume", { message: "Pay me." })).status).toBe(200);
  await talk.ended(runId);
  expect(await asked()).toEqual(["ada", "eve"]);
});

test("RN9 no run's id is in the way of another run's work, or of the session's own", async () => {
  const talk = scene.talk(({ messages }: Asked) => {
    const { role, content } = messages.at(-1) ?? {};
    return role === "user" && content === "Pay." ? { calls: [call("pay", 5)] } : { text: "Done." };
  }, "titled");
  for (const runId of ["title", "paying~2", "paying:2"]) {
    await talk.start("careful", { runId });
    await talk.until(runId, "completed");
  }
  expect(await talk.title()).toBe(talk.name);
  const { pending } = await talk.ended(await talk.start("careful", { runId: "paying", message: "Pay." }));
  await talk.answer(pending[0].gateId, "approve");
  expect(await talk.ended("paying")).toMatchObject({ status: "completed" });
  expect(talk.effects).toHaveLength(1);
});
