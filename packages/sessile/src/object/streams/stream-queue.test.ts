import { expect, test } from "vitest";
import type { Task, Transaction } from "../../kernel/index.ts";
import { StreamQueue } from "./stream-queue.ts";

test("SM36 chunks wait for company as long, and as many of them, as the kind's limits say", async () => {
  const waits: number[] = [];
  let now = 1000;
  const queue = new StreamQueue({
    limits: { maxSegmentDelayMs: 250, maxSegmentChars: 10 },
    clock: {
      now: () => now,
      wait: async (ms) => {
        waits.push(ms);
        now += ms;
      },
    },
    commit: (tasks: readonly Task[]) => {
      const streams = { append: () => ({ at: 0, tail: 1, repeated: false }) };
      for (const task of tasks) task.run({ streams } as never);
      return { outcomes: tasks.map(() => ({ ok: true })) } as unknown as Transaction;
    },
    whenShown: (settle) => settle(null),
  });
  const append = (text: string) => queue.append({ streamId: "s", chunks: [text] }, text.length);
  await append("first");
  await append("second");
  await append("more than ten");
  expect(waits).toEqual([0, 250, 0]);
});
