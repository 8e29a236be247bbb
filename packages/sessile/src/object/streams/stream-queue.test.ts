import { expect, test } from "vitest";
import type { StreamAppend, Task, Transaction } from "../../kernel/index.ts";
import type { Json } from "../../protocol/json.ts";
import { StreamQueue } from "./stream-queue.ts";

function queueOf(limits: { maxSegmentDelayMs: number; maxSegmentChars: number; maxChunkChars: number }) {
  const waits: number[] = [];
  const appended: (readonly Json[])[] = [];
  let now = 1000;
  const queue = new StreamQueue({
    limits,
    clock: {
      now: () => now,
      wait: async (ms) => {
        waits.push(ms);
        now += ms;
      },
    },
    commit: (tasks: readonly Task[]) => {
      const append = ({ chunks }: StreamAppend) => {
        appended.push(chunks);
        return { at: 0, tail: 1, repeated: false };
      };
      for (const task of tasks) task.run({ streams: { append } } as never);
      return { outcomes: tasks.map(() => ({ ok: true })) } as unknown as Transaction;
    },
    whenShown: (settle) => settle(null),
  });
  const append = (text: string) => queue.append({ streamId: "s", chunks: [text] }, text.length);
  return { append, waits, appended };
}

test("SM36 chunks wait for company as long, and as many of them, as the kind's limits say", async () => {
  const { append, waits } = queueOf({ maxSegmentDelayMs: 250, maxSegmentChars: 10, maxChunkChars: 100 });
  await append("first");
  await append("second");
  await append("more than ten");
  expect(waits).toEqual([0, 250, 0]);
});

test("SM6 chunks that are short enough each are not refused for being too long together", async () => {
  const { append, appended } = queueOf({ maxSegmentDelayMs: 250, maxSegmentChars: 10, maxChunkChars: 12 });
  await Promise.all(["short", "and twelve..", "a", "b"].map(append));
  expect(appended).toEqual([["short"], ["and twelve.."], ["a", "b"]]);
});
