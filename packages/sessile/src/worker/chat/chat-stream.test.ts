import { afterEach, expect, test, vi } from "vitest";
import type { Json } from "../../protocol/index.ts";
import { type AnswerReader, uiMessageResponse } from "./chat-stream.ts";

afterEach(() => void vi.useRealTimers());

/** An answer that the test tells bit by bit; `undefined` interrupts it. */
function told(...parts: (readonly Json[] | null | undefined)[]) {
  const reader = {
    closed: false,
    next: async () => {
      if (parts.length === 0) return new Promise<null>(() => {});
      const part = parts.shift();
      if (part === undefined) throw new Error("interrupted");
      return part;
    },
    close: () => {
      reader.closed = true;
    },
  };
  return reader satisfies AnswerReader;
}

test("CH1 each chunk is a data line of its own, and [DONE] comes last", async () => {
  const response = uiMessageResponse(
    told([{ type: "start" }, { type: "text-start", id: "1" }], [{ type: "finish" }], null),
  );
  expect(await response.text()).toBe(
    'data: {"type":"start"}\n\ndata: {"type":"text-start","id":"1"}\n\ndata: {"type":"finish"}\n\ndata: [DONE]\n\n',
  );
});

test("CH7 what was interrupted never ends cleanly", async () => {
  await expect(uiMessageResponse(told([{ type: "start" }], undefined)).text()).rejects.toThrow();
});

test("CH4 a reader that leaves closes its socket and nothing else", async () => {
  const answer = told([{ type: "start" }]);
  const body = uiMessageResponse(answer).body as ReadableStream<Uint8Array>;
  const reader = body.getReader();
  await reader.read();
  await reader.cancel();
  expect(answer.closed).toBe(true);
});

test("CH15 while the model thinks, comments keep the connection alive, for as long as it takes", async () => {
  vi.useFakeTimers();
  const reader = (
    uiMessageResponse(told([{ type: "start" }])).body as ReadableStream<Uint8Array>
  ).getReader();
  const next = async () => new TextDecoder().decode((await reader.read()).value);
  expect(await next()).toBe('data: {"type":"start"}\n\n');
  for (let passedMs = 0; passedMs < 600_000; passedMs += 15_000) {
    const comment = next();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await comment).toBe(": keep-alive\n\n");
  }
  await reader.cancel();
});
