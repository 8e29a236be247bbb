import { expect, test } from "vitest";
import { FairQueue, NoPlace } from "./fair-queue.ts";

const never = new AbortController().signal;

test("SX7 those who wait get places in turn by whom they are for, and leave the queue with their signal", async () => {
  const queue = new FairQueue(1, 60_000);
  const begun: string[] = [];
  const held = Promise.withResolvers<void>();
  const run = (name: string, signal = never) =>
    queue.run(name.charAt(0), signal, async () => {
      begun.push(name);
      if (name === "a1") await held.promise;
    });
  const leaving = new AbortController();
  const all = ["a1", "a2", "a3", "b1", "a4", "c1"].map((name) => run(name));
  const left = run("b2", leaving.signal);
  leaving.abort(new Error("gone"));
  await expect(left).rejects.toThrow("gone");
  held.resolve();
  await Promise.all(all);
  expect(begun).toEqual(["a1", "a2", "b1", "c1", "a3", "a4"]);
  // The place is free again.
  await run("d1");
});

test("SX7 what gets no place for too long was never begun, and the place goes to the next", async () => {
  const queue = new FairQueue(1, 1);
  const held = Promise.withResolvers<void>();
  const first = queue.run("a", never, () => held.promise);
  await expect(queue.run("b", never, async () => expect.unreachable())).rejects.toThrow(NoPlace);
  held.resolve();
  await first;
  expect(await queue.run("c", never, async () => "begun")).toBe("begun");
});
