import type { ModelMessage } from "ai";
import { expect, test } from "vitest";
import { GrowingPrompt } from "./growing-prompt.ts";
import { nextMove, openCalls, promptOf, type RunBounds, type Said } from "./transcript.ts";

const bounds: RunBounds = { runId: "r", stop: null, isOverdue: false, maxSteps: 100, waits: () => false };

const say = (message: ModelMessage, step = 0, runId = "r"): Said => ({ message, step, runId });
const user = (content: string) => say({ role: "user", content });
const answer = (text: string, calls: readonly string[] = [], step = 1): Said =>
  say(
    {
      role: "assistant",
      content: [
        ...(text === "" ? [] : [{ type: "text" as const, text }]),
        ...calls.map((id) => ({
          type: "tool-call" as const,
          toolCallId: id,
          toolName: "look",
          input: { n: 1 },
        })),
      ],
    },
    step,
  );
const result = (id: string): Said =>
  say({
    role: "tool",
    content: [
      { type: "tool-result", toolCallId: id, toolName: "look", output: { type: "text", value: `of ${id}` } },
    ],
  });
const times = (count: number, of: () => readonly Said[]) => Array.from({ length: count }, of).flat();
const contents = (said: readonly Said[]) => promptOf(said).map(({ content }) => content);

test("RN3 the next move follows from the messages", () => {
  expect(nextMove([user("Go")], bounds)).toEqual({ do: "ask", step: 1 });
  const called = [user("Go"), answer("", ["c1", "c2"]), result("c2")];
  expect(nextMove(called, bounds)).toMatchObject({
    do: "call",
    step: 1,
    calls: [{ call: { toolCallId: "c1" } }],
  });
  expect(nextMove([...called, result("c1")], bounds)).toEqual({ do: "ask", step: 2 });
  expect(nextMove([user("Go"), answer("Done.")], bounds)).toMatchObject({ do: "end", outcome: "completed" });
  // What came before may lie in the archive.
  expect(nextMove([answer("", ["c1"], 7), result("c1")], bounds)).toEqual({ do: "ask", step: 8 });
  // Another run's answer is not this one's.
  expect(nextMove([user("Go"), answer("Done.")], { ...bounds, runId: "s" })).toEqual({ do: "ask", step: 1 });
});

test("RN8 what was asked of a run beats its next step, but not an answer that is there", () => {
  const said = [user("Go"), answer("", ["c1"])];
  expect(nextMove(said, { ...bounds, stop: "interrupt" })).toMatchObject({ outcome: "interrupted" });
  expect(nextMove(said, { ...bounds, stop: "abort" })).toMatchObject({ outcome: "aborted" });
  const done = [...said, result("c1"), answer("Done.")];
  expect(nextMove(done, { ...bounds, stop: "abort" })).toMatchObject({ outcome: "completed" });
});

test("RN10 steps, tokens and the deadline end a run that would go on", () => {
  const said = [
    user("Go"),
    { ...answer("", ["c1"]), usage: { inputTokens: 3, outputTokens: 2 } },
    result("c1"),
  ];
  const end = { do: "end", outcome: "exhausted" };
  expect(nextMove(said, { ...bounds, maxSteps: 1 })).toEqual({ ...end, reason: "steps" });
  expect(nextMove(said, { ...bounds, maxTokens: 5 })).toEqual({ ...end, reason: "tokens" });
  expect(nextMove(said, { ...bounds, maxTokens: 6 })).toEqual({ do: "ask", step: 2 });
  expect(nextMove(said, { ...bounds, isOverdue: true })).toEqual({ ...end, reason: "deadline" });
  // Calls of the last answer that a bound allows are carried out.
  expect(nextMove(said.slice(0, 2), { ...bounds, maxSteps: 1 })).toMatchObject({ do: "call" });
});

test("RN11 ten empty answers in a row, or five identical ones, fail the run", () => {
  const empty = (count: number) => [user("Go"), ...times(count, () => [answer(" ")])];
  expect(nextMove(empty(9), bounds)).toMatchObject({ do: "ask" });
  expect(nextMove(empty(10), bounds)).toMatchObject({ outcome: "failed" });
  let id = 0;
  const turn = () => {
    id += 1;
    return [answer("Again.", [`c${id}`]), result(`c${id}`)];
  };
  expect(nextMove([user("Go"), ...times(4, turn)], bounds)).toMatchObject({ do: "ask" });
  expect(nextMove([user("Go"), ...times(5, turn)], bounds)).toMatchObject({ outcome: "failed" });
  const other = [answer("Otherwise.", ["o"]), result("o")];
  expect(nextMove([user("Go"), ...times(4, turn), ...other, ...turn()], bounds)).toMatchObject({ do: "ask" });
});

test("RN18 a run carries out what it can, and waits when nothing else is open", () => {
  const called = [user("Go"), answer("", ["c1", "c2"])];
  const waits: RunBounds["waits"] = ({ call }) => call.toolCallId === "c2";
  expect(nextMove(called, { ...bounds, waits })).toMatchObject({
    do: "call",
    calls: [{ call: { toolCallId: "c1" } }],
  });
  const waiting = [...called, result("c1")];
  expect(nextMove(waiting, { ...bounds, waits })).toMatchObject({
    do: "wait",
    calls: [{ call: { toolCallId: "c2" } }],
  });
  expect(nextMove(waiting, { ...bounds, waits, stop: "interrupt" })).toMatchObject({
    outcome: "interrupted",
  });
});

test("RN20 a model is shown the arguments that a call was carried out with", () => {
  const said = [user("Go"), answer("", ["c1", "c2"]), { ...result("c1"), input: { n: 2 } }, result("c2")];
  expect(contents(said)[1]).toMatchObject([{ input: { n: 2 } }, { input: { n: 1 } }]);
});

test("RN12 a model gets results in the order of their calls, and no empty answers", () => {
  const said = [user("Go"), answer(""), answer("Look.", ["c1", "c2"]), result("c2"), result("c1")];
  expect(promptOf(said).map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
  expect(contents(said)[2]).toMatchObject([{ toolCallId: "c1" }, { toolCallId: "c2" }]);
});

test("RN12 a call that was never finished is told as such once somebody says something else", () => {
  const open = [user("Go"), answer("", ["c1", "c2"]), result("c1")];
  expect(openCalls(open)).toMatchObject([{ call: { toolCallId: "c2" } }]);
  const said = [...open, user("Something else")];
  expect(openCalls(said)).toEqual([]);
  expect(contents(said)[2]).toMatchObject([
    { toolCallId: "c1", output: { type: "text" } },
    { toolCallId: "c2", output: { type: "error-text" } },
  ]);
});

test("RN12 a prompt that grows with the conversation is at each message what it would be made anew", () => {
  const said = [
    user("Go"),
    answer("", ["c1", "c2"]),
    result("c2"),
    result("c1"),
    answer(""),
    answer("One.", ["c3"], 2),
    user("Never mind"),
    answer("Two.", [], 3),
  ];
  const prompt = new GrowingPrompt();
  for (const [at] of said.entries()) {
    const soFar = said.slice(0, at + 1);
    expect(prompt.of(soFar)).toEqual(promptOf(soFar));
    const before = soFar.findLastIndex(({ message }) => message.role !== "tool");
    expect(prompt.beforeLastTurn(soFar)).toEqual(promptOf(soFar, 0, before));
  }
});
