import { readUIMessageStream, type UIMessage } from "ai";
import { expect, test } from "vitest";
import { chunksOf } from "./replay.ts";

const call = (toolCallId: string) => ({ type: "tool-send" as const, toolCallId, input: { to: toolCallId } });

test("CH17 a message that is replayed is the same message, whatever it is made of", async () => {
  const message: UIMessage = {
    id: "m",
    role: "assistant",
    metadata: { outcome: "stopped" },
    parts: [
      { type: "step-start" },
      { type: "reasoning", id: "r", text: "Hm.", state: "done" },
      { type: "text", text: "Well. ", state: "done" },
      { type: "file", mediaType: "text/plain", url: "data:,x" },
      { type: "source-url", sourceId: "s", url: "https://example.com" },
      { type: "data-note", data: { n: 1 } },
      { ...call("a"), state: "input-available" },
      { ...call("b"), state: "approval-requested", approval: { id: "ab", requestReason: "costs" } },
      { ...call("c"), state: "approval-responded", approval: { id: "ac", approved: false, reason: "no" } },
      { ...call("d"), state: "output-available", output: 1, approval: { id: "ad", approved: true } },
      { ...call("e"), state: "output-error", errorText: "broke" },
      { ...call("f"), state: "output-denied", approval: { id: "af", approved: false } },
      { ...call("g"), type: "dynamic-tool", toolName: "g", state: "output-available", output: [] },
      { type: "step-start" },
      { type: "text", text: "Done.", state: "done" },
    ],
  };
  const stream = new ReadableStream({
    start(controller) {
      for (const chunk of chunksOf(message)) controller.enqueue(chunk);
      controller.close();
    },
  });
  let replayed: UIMessage | undefined;
  for await (const state of readUIMessageStream({ stream })) replayed = state;
  expect(JSON.parse(JSON.stringify(replayed))).toEqual(message);
});
