import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunInfo, sha256Hex } from "../../src/protocol/index.ts";
import { call, RunScene, type Talk } from "./run-scene.ts";
import type { Script } from "./scripted-model.ts";

let scene: RunScene;
beforeAll(async () => {
  scene = await RunScene.start();
});
afterAll(() => scene.stop());

let tasks = 0;

/** An agent that gives one task, and what its sub-agent does with it. */
function delegating(child: Script, name = "scout", kind?: string) {
  tasks += 1;
  const task = `task ${tasks}`;
  scene.model.scripts.set(task, child);
  let told: unknown;
  const talk = scene.talk(({ turn, messages }) => {
    if (turn === 0) return { calls: [{ id: "call_1", name: `subagent__${name}`, args: { task } }] };
    told = messages.findLast(({ role }) => role === "tool")?.content;
    return { text: "Done." };
  }, kind);
  return { talk, told: () => told };
}

const seen = (what: string) => ({ text: JSON.stringify({ seen: what }) });

/** The session that the first sub-agent of a run works in. */
const childOf = ({ children: [child] }: RunInfo) => scene.existing(child?.name ?? "");

test("RN25 a sub-agent works in a session of its own, and its answer comes back by itself", async () => {
  const { talk, told } = delegating(({ turn }) =>
    turn === 0 ? { calls: [call("tool_a", 1)] } : seen("a tree"),
  );
  const runId = await talk.start("boss");
  expect(await talk.until(runId, "completed")).toMatchObject({ result: { text: "Done.", steps: 2 } });
  expect(told()).toBe('{"seen":"a tree"}');
  const { body } = await talk.ask("GET", "/usage");
  expect(body.subagentStats.subagent__scout).toMatchObject({ calls: 1, tokens: 24 });
});

test("RN33 tasks get the room that is left in a budget, and no two of them the same room", async () => {
  const prompt = { prompt_tokens: 10_000, completion_tokens: 1 };
  const child: Script = ({ turn }) => ({
    ...(turn === 0 ? { calls: [call("tool_a", 1)] } : seen("it")),
    usage: prompt,
  });
  scene.model.scripts.set("many", child);
  let told: unknown[] = [];
  const talk = scene.talk(({ turn, messages }) => {
    const calls = [1, 2, 3, 4].map((n) => ({ id: `c${n}`, name: "subagent__scout", args: { task: "many" } }));
    if (turn === 0) return { calls };
    told = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
    return { text: "Done." };
  });
  await talk.ask("POST", "/call/setBudget", [1000]);
  const run = await talk.run("boss");
  expect(run).toMatchObject({ status: "suspended_awaiting_children", children: [{ toolCallId: "c1" }] });
  // Its first answer has used the task's room, and a person is asked there before there is another.
  const waiting = await childOf(run).untilCurrent("suspended_budget");
  await childOf(run).answer(waiting.pending[0].gateId, "raise");
  const asked = await talk.until(run.runId, "suspended_budget");
  expect((await talk.ask("GET", "/usage")).body.subagentStats.subagent__scout.calls).toBe(1);
  await talk.answer(asked.pending[0].gateId, "raise");
  await talk.until(run.runId, "completed");
  expect(told).toEqual([expect.stringContaining("it"), ...Array(3).fill(expect.stringContaining("no room"))]);
});

test("RN26 a run whose sub-agents wait for people waits with them, in no memory, and goes on with their end", async () => {
  const { talk, told } = delegating(({ turn }) =>
    turn === 0 ? { calls: [call("pay", 5)] } : seen("a bill"),
  );
  const run = await talk.run("boss");
  expect(run).toMatchObject({
    status: "suspended_awaiting_children",
    pending: [],
    children: [{ kind: "helpers", toolCallId: "call_1", toolName: "subagent__scout" }],
  });
  const child = childOf(run);
  expect((await child.ask("GET", "")).body.parent).toMatchObject({ kind: "helpers", name: talk.name });
  const asked = await child.untilCurrent("suspended_client_tool");
  await child.answer(asked.pending[0].gateId, "approve");
  await talk.until(run.runId, "completed");
  expect([told(), child.effects]).toEqual([
    '{"seen":"a bill"}',
    [`/${child.name}/pay/5 ${asked.pending[0].gateId}`],
  ]);
});

test("RN26 a run says what it waits for when that is people and sub-agents alike", async () => {
  const task = "a task beside a payment";
  scene.model.scripts.set(task, ({ turn }) => (turn === 0 ? { calls: [call("locate", 1)] } : seen("x")));
  const talk = scene.talk(() => ({
    calls: [call("pay", 5), { id: "call_2", name: "subagent__scout", args: { task } }],
  }));
  const run = await talk.run("boss");
  expect(run).toMatchObject({ status: "suspended_step_partial", pending: [{ toolName: "pay" }] });
  expect(run.children).toHaveLength(1);
});

test("RN25 RN35 an answer that does not fit, and one that takes too long, are told as such", async () => {
  const prose = delegating(() => ({ text: "Nothing to be seen." }));
  await prose.talk.until(await prose.talk.start("boss"), "completed");
  expect(prose.told()).toBe("The sub-agent's answer is no JSON.");
  const nonsense = delegating(() => ({ text: '{"heard":1}' }));
  const runId = await nonsense.talk.start("boss");
  await nonsense.talk.until(runId, "completed");
  expect(nonsense.told()).toContain("does not fit");
  const slow = delegating(async ({ left }) => {
    await left;
    return {};
  }, "brief_scout");
  await slow.talk.until(await slow.talk.start("boss"), "completed");
  expect(slow.told()).toContain("did not finish (exhausted): deadline");
});

test("RN27 an interrupt reaches sub-agents, and the next run goes on with what they were at", async () => {
  const { talk, told } = delegating(({ turn }) =>
    turn === 0 ? { calls: [call("pay", 5)] } : seen("a bill"),
  );
  const run = await talk.run("boss");
  const child = childOf(run);
  const { pending } = await child.untilCurrent("suspended_client_tool");
  await talk.ask("POST", "/interrupt", {});
  await child.untilCurrent("interrupted");
  expect((await talk.ended(run.runId)).status).toBe("interrupted");
  const { runId } = (await talk.ask("POST", "/resume", {})).body;
  expect((await talk.ended(runId)).children).toEqual(run.children);
  await child.untilCurrent("suspended_client_tool");
  await child.answer(pending[0].gateId, "approve");
  await talk.until(runId, "completed");
  expect([told(), child.effects.length]).toEqual(['{"seen":"a bill"}', 1]);
});

test("RN27 RN32 an abort reaches sub-agents, and so does the end of their parent", async () => {
  for (const [path, body] of [
    ["/abort", {}],
    ["/lifecycle", { to: "terminated" }],
  ] as const) {
    const { talk } = delegating(() => ({ calls: [call("pay", 5)] }));
    const run = await talk.run("boss");
    await talk.ask("POST", path, body);
    await childOf(run).untilCurrent("aborted");
    expect((await talk.ended(run.runId)).status).toBe("aborted");
  }
});

test("SS12 a sub-agent's sub-agent knows at the top of whose tree it works", async () => {
  scene.model.scripts.set("a leaf", async ({ left }) => {
    await left;
    return {};
  });
  const { talk } = delegating(({ turn }) => ({
    calls: [
      turn === 0 ? { id: "call_1", name: "subagent__scout", args: { task: "a leaf" } } : call("pay", 5),
    ],
  }));
  const child = childOf(await talk.run("boss"));
  const grandchild = childOf(await child.untilCurrent("suspended_awaiting_children"));
  expect((await grandchild.ask("GET", "")).body.parent).toMatchObject({
    name: child.name,
    root: { kind: "helpers", name: talk.name },
  });
  await talk.ask("POST", "/abort", {});
  await grandchild.untilCurrent("aborted");
});

/** An agent that makes one call to its companions after the other; the last one's answer is kept. */
function keeping(...ops: readonly (readonly [op: string, args: object])[]) {
  const told: string[] = [];
  const talk = scene.talk(({ turn, messages }) => {
    if (turn > 0) told.push(messages.at(-1)?.content ?? "");
    const [op, args] = ops[turn] ?? [];
    return op === undefined
      ? { text: "Done." }
      : { calls: [{ id: `c${turn}`, name: `companion__${op}`, args }] };
  });
  return { talk, told: () => told.map((text) => (text.startsWith("T") ? text : JSON.parse(text))) };
}

test("RN29 companions are made, spoken to, listed, waited for and ended, each in a session that lasts", async () => {
  scene.model.scripts.set("Open a book.", ({ turn }) => ({ text: ["Opened.", "Written."][turn] ?? "?" }));
  const ann = { name: "ann" };
  const { talk, told } = keeping(
    ["spawnAgent", { type: "clerk", name: "ann", message: "Open a book.", wait: true }],
    ["sendMessage", { name: "ann", message: "Write it down." }],
    ["waitForResult", ann],
    ["getChildStatus", ann],
    ["listChildren", {}],
    ["terminateChild", ann],
    ["sendMessage", { name: "bob", message: "Hello?" }],
  );
  const runId = await talk.start("boss");
  await talk.until(runId, "completed");
  expect(told()).toEqual([
    { status: "completed", text: "Opened." },
    { status: "running", steps: 0, waitsFor: [] },
    { status: "completed", text: "Written." },
    { status: "completed", steps: 1, waitsFor: [] },
    [{ type: "clerk", name: "ann" }],
    { status: "terminated" },
    "There is no such companion, or no such type of them.",
  ]);
});

test("RN25 RN29 a session that somebody has made in a child's place is none: nobody knows its name before it is there", async () => {
  const { talk, told } = keeping(["spawnAgent", { type: "clerk", name: "ann", message: "x", wait: true }]);
  scene.model.scripts.set("x", () => ({ text: "Mine." }));
  const own = sha256Hex(`helpers/${talk.name} `).slice(0, 32);
  const stranger = scene.existing(`companion.${own}.clerk.ann`);
  await stranger.ask("POST", "/state", { state: {} });
  await talk.until(await talk.start("boss"), "completed");
  expect(told()).toEqual([{ status: "completed", text: "Mine." }]);
  const [{ payload: child }] = await talk.events("session.child_added");
  expect(child.name).toMatch(new RegExp(`^companion\\.${own}[0-9a-f]{16}\\.clerk\\.ann$`));
  expect((await stranger.ask("GET", "")).body).not.toHaveProperty("parent");
});

test("RN29 a run waits for a companion that waits for people, in no memory", async () => {
  scene.model.scripts.set("Pay it.", ({ turn }) =>
    turn === 0 ? { calls: [call("pay", 5)] } : { text: "Paid." },
  );
  const { talk, told } = keeping(
    ["spawnAgent", { type: "clerk", name: "ann", message: "Pay it." }],
    ["waitForResult", { name: "ann" }],
  );
  const run = await talk.run("boss");
  expect(run.status).toBe("suspended_awaiting_children");
  const child = childOf(run);
  const { pending } = await child.untilCurrent("suspended_client_tool");
  await child.answer(pending[0].gateId, "approve");
  await talk.until(run.runId, "completed");
  expect(told()[1]).toEqual({ status: "completed", text: "Paid." });
});

test("RN27 RN29 an interrupt ends what a call began with a companion, and nothing that it does for others", async () => {
  const message = "Pay whatever is asked.";
  let calls = 0;
  scene.model.scripts.set(message, () => ({ calls: [call("pay", 5, `pay_${++calls}`)] }));
  const spawn = { type: "clerk", name: "ann", message, wait: true };
  const talk = scene.talk(() => ({
    calls: [{ id: "c1", name: "companion__spawnAgent", args: spawn }, call("pay", 5)],
  }));
  const run = await talk.run("boss");
  const ann = childOf(run);
  const { runId: begun } = await ann.untilCurrent("suspended_client_tool");
  // Somebody has it do something else, which the call does not wait for.
  await ann.ask("POST", "/abort", { runId: begun });
  const others = await ann.start("careful");
  await ann.until(others, "suspended_client_tool");
  await talk.ask("POST", "/interrupt", {});
  await talk.idle();
  expect((await ann.ended(others)).status).toBe("suspended_client_tool");
});

test("RN30 what agents of a session have made is deleted with it", async () => {
  const { talk } = delegating(() => ({ calls: [call("pay", 5)] }));
  const child = childOf(await talk.run("boss"));
  expect((await talk.ask("DELETE", "")).status).toBe(200);
  expect((await child.ask("GET", "")).status).toBe(404);
});

test("RN26 a sub-agent that is gone need not be waited for: to resume is to ask after it", async () => {
  const { talk, told } = delegating(() => ({ calls: [call("pay", 5)] }));
  const run = await talk.run("boss");
  const child = childOf(run);
  await child.untilCurrent("suspended_client_tool");
  await child.ask("DELETE", "");
  expect((await talk.ask("POST", "/resume", {})).status).toBe(200);
  await talk.until(run.runId, "completed");
  expect(told()).toContain("deleted");
});

test("RN32 a session that is terminated ends its run first, and tells who waits for it", async () => {
  const { talk, told } = delegating(() => ({ calls: [call("pay", 5)] }));
  const run = await talk.run("boss");
  const child = childOf(run);
  const { runId } = await child.untilCurrent("suspended_client_tool");
  await child.ask("POST", "/lifecycle", { to: "terminated" });
  expect(await child.ended(runId)).toMatchObject({ status: "aborted", result: { reason: "terminated" } });
  await talk.until(run.runId, "completed");
  expect(told()).toContain("did not finish (aborted): terminated");
});

test("RN31 whoever may see and approve in a session may in those of its sub-agents, and nobody by their own word", async () => {
  const { talk } = delegating(() => ({ calls: [call("pay", 5)] }), "scout", "owned");
  talk.user = "ada";
  const run = await talk.run("boss");
  const child = scene.existing(childOf(run).name, "owned");
  child.user = "eve";
  expect((await child.ask("GET", "")).status).toBe(404);
  child.user = "ada";
  const { pending } = await child.untilCurrent("suspended_client_tool");
  const view = (await child.ask("GET", "")).body;
  expect([view.access.ownerId, view.gates[pending[0].gateId].requestedBy]).toEqual([
    `session:owned/${talk.name}`,
    "ada",
  ]);
  const delegation = {
    message: "x",
    runId: "x",
    startedBy: "bob",
    access: { ownerId: "eve", visibility: "public", members: {} },
  };
  await child.ask("POST", "/call/delegateRun", [delegation]);
  expect((await child.ask("GET", "")).body.access).toEqual(view.access);
  expect((await child.answer(pending[0].gateId, "reject")).status).toBe(200);
});

test("RN31 who is let out of a session is let out of those of its sub-agents, and of theirs", async () => {
  scene.model.scripts.set("a leaf for two", async ({ left }) => {
    await left;
    return {};
  });
  const { talk } = delegating(
    () => ({ calls: [{ id: "call_1", name: "subagent__scout", args: { task: "a leaf for two" } }] }),
    "scout",
    "owned",
  );
  talk.user = "ada";
  await talk.ask("POST", "/access", { members: { eve: ["read", "write", "approve"] } });
  const below = async (one: Talk) => {
    const found = scene.existing(
      childOf(await one.untilCurrent("suspended_awaiting_children")).name,
      "owned",
    );
    found.user = "eve";
    return found;
  };
  await talk.start("boss");
  const child = await below(talk);
  const grandchild = await below(child);
  await talk.ask("POST", "/lifecycle", { to: "terminated" });
  await child.untilCurrent("aborted");
  expect((await grandchild.ask("GET", "")).status).toBe(200);
  await talk.ask("POST", "/access", { members: { eve: [] } });
  for (const one of [child, grandchild])
    await expect.poll(async () => (await one.ask("GET", "")).status).toBe(404);
});
