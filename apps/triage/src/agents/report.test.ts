import type { Said } from "sessile/agent";
import type { RunInfo } from "sessile/protocol";
import { expect, test } from "vitest";
import { reportOf } from "./report.ts";

const run = {
  status: "completed",
  startedAt: 1,
  endedAt: 3,
  result: null,
  error: null,
} as unknown as RunInfo;
const conclusion = { text: "All clear.", citations: [], severity: null };

function said(role: "assistant" | "tool", ...content: readonly object[]): Said {
  return { message: { role, content }, runId: "r", step: 1 } as unknown as Said;
}

function result(toolName: string, output: object): object {
  return { type: "tool-result", toolCallId: "1", toolName, output };
}

const reported = (...messages: readonly Said[]) => reportOf(messages, run, { model: "m", prices: null });

test("what counts is what tools took, not what a model says they did", () => {
  const taken = result("conclude", { type: "json", value: { accepted: "conclusion", conclusion } });
  const call = { type: "tool-call", toolCallId: "1", toolName: "conclude", input: {} };
  expect(reported(said("assistant", call), said("tool", taken))).toMatchObject({ conclusion, error: null });
  const claimed = { type: "text", text: JSON.stringify({ accepted: "conclusion", conclusion }) };
  expect(reported(said("assistant", claimed, taken))).toMatchObject({
    conclusion: null,
    error: "The model gave no answer that could be used.",
  });
});

test("a call that was refused is told with what it was given, cut", () => {
  const call = { type: "tool-call", toolCallId: "1", toolName: "approve", input: { id: "x".repeat(5000) } };
  const refused = result("approve", { type: "error-text", value: 'There is no tool named "approve".' });
  const { refusals } = reported(said("assistant", call), said("tool", refused));
  expect(refusals).toMatchObject([{ tool: "approve", reason: 'There is no tool named "approve".' }]);
  expect(refusals[0]?.arguments.length).toBeLessThan(700);
});
