import { expect, test } from "vitest";
import type { StoredCommit } from "../../kernel/index.ts";
import { transcriptOf } from "./summary-input.ts";

test("CH16 RN17 of a chat, and of agents, a summary reads what was said, not the chunks it came in", () => {
  const parts = [{ type: "step-start" }, { type: "text", text: "One" }, { type: "text", text: "two" }];
  const events = [
    ["stream.opened", 0, { streamId: "a" }],
    ["stream.segment", 0, { streamId: "a", chunks: [{ type: "text-delta", delta: "One" }] }],
    ["stream.ended", 0, { streamId: "a" }],
    ["message.created", 0, { message: { id: "a", role: "assistant", parts }, previous: null }],
    ["message.created", 0, { message: { id: "b", role: "user", parts: [{ type: "file" }] }, previous: 4 }],
    ["message.created", 0, { message: { role: "user", content: "Three" }, previous: 5 }],
    ["message.created", 0, { message: { role: "assistant", content: [{ type: "text", text: "Four" }] } }],
  ].map(([type, actor, payload]) => ({ type, actor, payload }));
  const body = JSON.stringify({ firstSeq: 1, at: 0, actors: [], events });
  const { entries } = transcriptOf(
    [{ firstSeq: 1, lastSeq: 7, body } as StoredCommit],
    { after: 0, toSeq: 7 },
    10_000,
  );
  expect(entries.map(({ seq, text, isProse }) => [seq, text, isProse])).toEqual([
    [4, "One\ntwo", true],
    [5, expect.stringContaining('"file"'), false],
    [6, "Three", true],
    [7, "Four", true],
  ]);
});
