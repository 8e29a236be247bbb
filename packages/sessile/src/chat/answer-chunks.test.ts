import type { UIMessage, UIMessageChunk } from "ai";
import { expect, test } from "vitest";
import { type AnswerEnd, endingChunks, endOf, fitted, messageOf } from "./answer-chunks.ts";

const outcome = (outcome: AnswerEnd["outcome"], errorText: string | null = null): AnswerEnd => ({
  outcome,
  errorText,
  finish: null,
});
const begun: readonly UIMessageChunk[] = [
  { type: "start", messageId: "m" },
  { type: "start-step" },
  { type: "text-start", id: "1" },
  { type: "text-delta", id: "1", delta: "One " },
  { type: "text-delta", id: "1", delta: "tw" },
];

test.each(["complete", "stopped", "interrupted", "failed"] as const)(
  "CH8 an answer that %s is known by the chunks that ended it",
  (name) => {
    expect(endOf([...begun, ...endingChunks(outcome(name))])?.outcome).toBe(name);
    expect(endOf(begun)).toBeNull();
  },
);

test("CH8 what was begun is kept as far as it came, done and marked", async () => {
  const end = outcome("interrupted");
  expect(await messageOf("m", [...begun, ...endingChunks(end)], end)).toEqual({
    id: "m",
    role: "assistant",
    metadata: { outcome: "interrupted", reason: "The answer was interrupted." },
    parts: [
      { type: "step-start" },
      { type: "text", text: "One tw", state: "done", providerMetadata: undefined },
    ],
  });
});

test("CH12 a failure keeps what came before it, and says what it was told to say", async () => {
  const end = outcome("failed", "Too busy.");
  const message = await messageOf("m", [...begun, ...endingChunks(end)], end);
  expect(message.metadata).toEqual({ outcome: "failed", reason: "Too busy." });
  expect(message.parts.at(-1)).toMatchObject({ text: "One tw" });
});

test("CH9 a message that no event could hold is cut to what fits", () => {
  const text = (length: number) => ({ type: "text" as const, text: "\u0001".repeat(length) });
  const message: UIMessage = { id: "m", role: "assistant", parts: [text(10), text(100_000), text(10)] };
  expect(fitted(message, 1_000_000)).toBe(message);
  const cut = fitted(message, 10_000);
  expect(JSON.stringify(cut).length).toBeLessThanOrEqual(10_000);
  expect(cut.parts).toHaveLength(2);
  expect(cut.parts[0]).toEqual(message.parts[0]);
});
