import { afterAll, beforeAll, expect, test } from "vitest";
import { describeFinding, fuzz } from "../fuzz/fuzz.ts";
import { agentSessions } from "../fuzz/targets/agent-sessions.ts";
import { call as callOf, RunScene } from "./run-scene.ts";
import type { Script } from "./scripted-model.ts";

let scene: RunScene;
beforeAll(async () => {
  scene = await RunScene.start();
});
afterAll(() => scene.stop());

const call = (name: string, n: number, id?: string) => callOf(`tool_${name}`, n, id);

test("RN1 a run asks the model, carries out its calls and ends with its answer", async () => {
  const talk = scene.talk(({ turn, tools, messages }) => {
    if (turn === 0) return { text: "Let me see.", calls: [call("a", 1)] };
    expect(tools).toContain("tool_a");
    expect(messages.at(-1)).toMatchObject({ role: "tool", tool_call_id: "call_1" });
    return { text: "Here it is." };
  });
  const run = await talk.run();
  expect(run).toMatchObject({ status: "completed", agent: "worker", steps: 2, error: null });
  expect(run.result).toMatchObject({ outcome: "completed", text: "Here it is.", finishReason: "stop" });
  const messages = await talk.events("message.created");
  expect(
    messages.map(({ payload }: { payload: { message: { role: string } } }) => payload.message.role),
  ).toEqual(["user", "assistant", "tool", "assistant"]);
});

test("RN2 what a run says is its stream, from the first chunk to the last", async () => {
  const talk = scene.talk(({ turn }) =>
    turn === 0 ? { text: "One.", calls: [call("a", 1)] } : { text: "Two." },
  );
  const { runId } = await talk.run();
  const chunks: { type: string; messageId?: string }[] = await talk.chunks(runId);
  expect(chunks.at(0)).toEqual({ type: "start", messageId: runId });
  expect(chunks.at(-1)).toMatchObject({ type: "finish", finishReason: "stop" });
  const types = chunks.map(({ type }) => type).filter((type) => !type.startsWith("tool-input"));
  const step = ["start-step", "text-start", "text-delta", "text-end", "finish-step"];
  expect(types).toEqual(["start", ...step, "tool-output-available", ...step, "finish"]);
});

test("RN3 an answer, its usage and its journal entry are one commit, and so are a call's", async () => {
  const talk = scene.talk(({ turn }) => (turn === 0 ? { calls: [call("a", 1)] } : { text: "Done." }));
  const { runId } = await talk.run();
  const { items } = (await talk.ask("GET", "/events?limit=1000")).body;
  const types: string[] = items.map(({ type }: { type: string }) => type);
  const first = types.indexOf("step.completed");
  expect(types.slice(first, first + 4)).toEqual([
    "step.completed",
    "message.created",
    "state.changed",
    "usage.recorded",
  ]);
  const steps = await talk.events("step.completed");
  expect(steps.map(({ payload }: { payload: { step: string } }) => payload.step)).toEqual([
    "1",
    "1:call_1",
    "2",
    "end",
  ]);
  expect(await talk.events("work.completed")).toMatchObject([{ payload: { workId: `run/${runId}/1` } }]);
});

test("RN5 a tool gets a key of its own for each call", async () => {
  const talk = scene.talk(({ turn }) =>
    turn < 2 ? { calls: [call("a", 1), call("b", 2, "call_2")] } : { text: "Done." },
  );
  const { runId } = await talk.run();
  const keys = talk.effects.map((id) => id.split(" ")[1]);
  expect(keys.sort()).toEqual(
    ["1:call_1", "1:call_2", "2:call_1", "2:call_2"].map((key) => `${runId}:${key}`),
  );
});

test("RN5 an id that would not fit into a header is replaced by its hash", async () => {
  const talk = scene.talk(({ turn }) => (turn === 0 ? { calls: [call("a", 1, "é\n")] } : { text: "Done." }));
  const { runId, status } = await talk.run();
  const [key = ""] = talk.effects.map((id) => id.split(" ")[1] ?? "");
  expect([status, key.replace(`${runId}:`, "")]).toEqual([
    "completed",
    expect.stringMatching(/^1:[0-9a-f]{32}$/),
  ]);
});

test("RN6 a tool that fails, one that is not there and wrong arguments are told to the model", async () => {
  const told: unknown[] = [];
  const talk = scene.talk(({ turn, messages }) => {
    if (turn > 0) told.push(messages.at(-1)?.content);
    return [
      { calls: [{ id: "call_1", name: "broken", args: { n: 1 } }] },
      { calls: [{ id: "call_1", name: "absent", args: {} }] },
      { text: "Enough." },
    ][turn] as object;
  });
  expect(await talk.run()).toMatchObject({ status: "completed" });
  expect(told).toEqual([expect.stringContaining("This tool is broken."), expect.stringContaining("absent")]);
  const { items } = (await talk.ask("GET", "/log?tag=run")).body;
  expect(items).toMatchObject([
    { message: "The tool broken failed", attrs: { detail: "Error: This tool is broken." } },
  ]);
});

test("RN7 a model that is busy, or whose connection is cut, is asked again, and readers get its answer once", async () => {
  let asked = 0;
  const talk = scene.talk(() => {
    asked += 1;
    if (asked === 1) return { refuse: { status: 429, headers: { "retry-after-ms": "20" } } };
    if (asked === 2) return { text: "Half an ans", cut: true };
    return { text: "A whole answer." };
  });
  const { runId, result } = await talk.run();
  expect([asked, result.text, result.steps]).toEqual([3, "A whole answer.", 1]);
  const chunks: { type: string; delta?: string }[] = await talk.chunks(runId);
  expect(chunks.filter(({ type }) => type === "text-delta").map(({ delta }) => delta)).toEqual([
    "A whole answer.",
  ]);
  expect(await talk.events("step.failed")).toHaveLength(2);
});

test("RN7 a model that refuses for good fails the run, and readers learn nothing of the inside", async () => {
  const talk = scene.talk(() => ({ refuse: { status: 400 } }));
  const run = await talk.run();
  expect(run).toMatchObject({ status: "failed", result: null, error: { code: "internal" } });
  expect(run.error.message).toBe("The model could not answer (the provider answered 400).");
  // The conversation can go on.
  scene.model.scripts.set(talk.name, () => ({ text: "Here again." }));
  const again = await talk.ended(await talk.start("worker", { message: "Again" }));
  expect(again).toMatchObject({ status: "completed" });
});

test("RN8 an interrupted run ends before its next step, and the next one goes on with its calls", async () => {
  const talk = scene.talk(async ({ turn }) => {
    if (turn > 0) return { text: "Done." };
    // The answer is on its way, and is kept; its call is not carried out.
    expect((await talk.ask("POST", "/interrupt", {})).body).toEqual({ stopped: true });
    return { text: "Look.", calls: [call("a", 1)] };
  });
  const first = await talk.run();
  expect(first).toMatchObject({ status: "interrupted", result: { text: "Look.", steps: 1 } });
  expect(talk.effects).toEqual([]);
  expect((await talk.ask("POST", "/interrupt", {})).body).toEqual({ stopped: false });
  const { body } = await talk.ask("POST", "/runs", { agent: "worker" });
  expect(await talk.ended(body.runId)).toMatchObject({
    status: "completed",
    result: { text: "Done.", steps: 1 },
  });
  // Under the key of the run that asked for it.
  expect(talk.effects).toEqual([expect.stringContaining(`${first.runId}:1:call_1`)]);
});

test("RN8 an aborted run ends at once, takes back its question to the model, and is not gone on with", async () => {
  const asked = Promise.withResolvers<{ readonly left: Promise<void> }>();
  const talk = scene.talk(async ({ left }) => {
    asked.resolve({ left });
    await left;
    return {};
  });
  const runId = await talk.start();
  const { left } = await asked.promise;
  expect((await talk.ask("POST", "/abort", { runId: "another" })).body).toEqual({ stopped: false });
  expect((await talk.ask("POST", "/abort", { runId })).body).toEqual({ stopped: true });
  await left;
  expect(await talk.ended(runId)).toMatchObject({ status: "aborted" });
  expect(await talk.ask("POST", "/runs", { agent: "worker" })).toMatchObject({ status: 409 });
});

test("OB7 RN8 an abort whose commit failed is none, also for what the run is at", async () => {
  const [asked, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const talk = scene.talk(async () => {
    asked.resolve();
    await goOn.promise;
    return { text: "Done." };
  });
  const runId = await talk.start();
  await asked.promise;
  expect((await talk.ask("POST", "/call/abortAndFail", [])).body).toMatchObject({ code: "rejected" });
  goOn.resolve();
  expect(await talk.ended(runId)).toMatchObject({ status: "completed", result: { text: "Done." } });
});

test("RN9 one run at a time; the same id is the same run; without a message there must be something to go on with", async () => {
  const { promise: free, resolve } = Promise.withResolvers<void>();
  const talk = scene.talk(async () => {
    await free;
    return { text: "Done." };
  });
  expect(await talk.ask("POST", "/runs", { agent: "worker" })).toMatchObject({ status: 409 });
  await talk.start("worker", { runId: "mine" });
  const other = await talk.ask("POST", "/runs", { agent: "worker", message: "Other" });
  expect([other.status, other.body.code, other.body.current]).toEqual([409, "conflict", "mine"]);
  const same = await talk.ask("POST", "/runs", { agent: "worker", message: talk.name, runId: "mine" });
  expect(same.body).toMatchObject({ runId: "mine", status: "running" });
  resolve();
  expect(await talk.ended("mine")).toMatchObject({ status: "completed" });
  expect(await talk.events("work.started")).toHaveLength(1);
  expect(await talk.ask("POST", "/runs", { agent: "worker" })).toMatchObject({ status: 409 });
  expect((await talk.ask("POST", "/runs", { agent: "nobody", message: "x" })).body.field).toBe("agent");
});

test("RN10 a run that reaches a bound says which, and can be gone on with", async () => {
  const talk = scene.talk(({ turn }) => (turn < 3 ? { calls: [call("a", turn)] } : { text: "Done." }));
  const run = await talk.run("brief");
  expect(run).toMatchObject({ status: "exhausted", result: { reason: "steps", steps: 2 } });
  const { body } = await talk.ask("POST", "/runs", { agent: "brief" });
  expect(await talk.ended(body.runId)).toMatchObject({ status: "completed", result: { steps: 2 } });
  const frugal = scene.talk(({ turn }) => ({ calls: [call("a", turn)] }));
  expect(await frugal.run("frugal")).toMatchObject({
    status: "exhausted",
    result: { reason: "tokens", steps: 2 },
  });
});

test("RN10 a deadline, and the time for one step, end what a model is still at", async () => {
  const silent: Script = async ({ left }) => {
    await left;
    return {};
  };
  expect(await scene.talk(silent).run("hasty")).toMatchObject({
    status: "exhausted",
    result: { reason: "deadline" },
  });
  expect(await scene.talk(silent).run("impatient")).toMatchObject({
    status: "failed",
    error: { code: "unavailable" },
  });
});

test("RN13 answers and calls are on the session's one meter, by run", async () => {
  const talk = scene.talk(({ turn }) => (turn === 0 ? { calls: [call("a", 1)] } : { text: "Done." }));
  const { runId, result } = await talk.run();
  expect(result.usage).toEqual({ inputTokens: 20, outputTokens: 4, totalTokens: 24 });
  const { body } = await talk.ask("GET", "/usage");
  expect(body.tokens).toEqual({ input: 20, output: 4, total: 24 });
  expect([body.costMicros, body.toolStats.tool_a.calls]).toEqual([28, 1]);
  const { items } = (await talk.ask("GET", "/usage/entries")).body;
  expect(new Set(items.map(({ ref }: { ref: string }) => ref))).toEqual(new Set([runId]));
});

test("RN14 runs that are none answer 404, and what is not understood 400", async () => {
  const talk = scene.talk(() => ({ text: "Done." }));
  await talk.ask("PUT", "/streams/plain");
  expect((await talk.ask("GET", "/runs/plain")).status).toBe(404);
  expect((await talk.ask("GET", "/runs/none")).status).toBe(404);
  expect((await talk.ask("POST", "/runs", { message: "x", agnet: "y" })).status).toBe(400);
  expect((await talk.ask("POST", "/runs", { message: "x", runId: "r".repeat(65) })).body.field).toBe("runId");
  expect((await talk.ask("DELETE", "/runs/none")).status).toBe(405);
});

test("RN14 a session's runs are listed newest first, other streams left out", async () => {
  const talk = scene.talk(() => ({ text: "Done." }));
  await talk.run();
  await talk.ask("PUT", "/streams/plain");
  await talk.ended(await talk.start("worker", { runId: "second" }));
  const { body } = await talk.ask("GET", "/runs");
  expect(body.items).toMatchObject([{ runId: "second", status: "completed" }, { agent: "worker" }]);
  expect(body).toMatchObject({ nextCursor: null, hasMore: false });
});

test("RN15 the session's own code starts runs, reads them and waits for them", async () => {
  const talk = scene.talk(() => ({ text: "Done." }));
  const { result } = (await talk.ask("POST", "/call/ask", [talk.name])).body;
  expect(result.result).toMatchObject({ outcome: "completed", text: "Done." });
  expect(result.chunks).toEqual(expect.arrayContaining(["start", "text-delta", "finish"]));
});

test("RN28 a conversation gets a title after its first run, and keeps it", async () => {
  const talk = scene.talk(() => ({ text: "Here it is." }), "titled");
  const asked = JSON.stringify({ question: talk.name, answer: "Here it is." });
  scene.model.scripts.set(asked, () => ({ text: " Where it\nis " }));
  await talk.run();
  expect(await talk.title()).toBe("Where it is");
  const again = { agent: "worker", message: "And the other?" };
  await talk.ended((await talk.ask("POST", "/runs", again)).body.runId);
  expect(
    (await talk.events("work.started")).map(({ payload }: { payload: { name: string } }) => payload.name),
  ).toEqual(["run", "title", "run"]);
  expect((await talk.ask("GET", "/usage")).body.bySource.title.tokens.total).toBe(12);
});

test("RN28 without an answer of its model the title is the beginning of the first message, and runs go on", async () => {
  const talk = scene.talk(() => ({ text: "Here it is." }), "titled");
  await talk.run();
  expect(await talk.title()).toBe(talk.name);
  // What happens to runs is told to the kind's own logger.
  expect((await talk.ask("POST", "/call/lines", [])).body.result).toEqual([
    "info A run begins",
    "info A run ended as completed",
    "warn The model gave no title",
  ]);
});

test("RN28 a conversation that began without a word gets its title once something was said in it", async () => {
  const talk = scene.talk(() => ({ text: "Done." }), "titled");
  scene.model.scripts.set(" ", () => ({ text: "I am listening." }));
  await talk.ended(await talk.start("worker", { message: " " }));
  await talk.idle();
  // A model that says nothing has given no title either.
  const asked = { question: "Where is it?", answer: "I am listening." };
  scene.model.scripts.set(JSON.stringify(asked), () => ({ text: " " }));
  await talk.ended(await talk.start("worker", { message: asked.question }));
  await talk.idle();
  expect((await talk.ask("GET", "")).body.state.agent.title).toBe(asked.question);
});

test("SE23 hostile input to a session's runs is refused or taken for what it is", async () => {
  const findings = await fuzz(agentSessions(scene.server.url, scene.model), "test", { count: 250 });
  scene.model.otherwise = null;
  expect(findings.map(describeFinding).join("\n")).toBe("");
});
