import { expect, test } from "vitest";
import { KernelFixture } from "../../testing/kernel-fixture.ts";
import { StreamReads } from "./stream-reads.ts";

test("SM52 chunks that lie far apart are looked for in several turns, each of a few pages, and all found", async () => {
  const fixture = new KernelFixture();
  const { kernel } = fixture;
  const append = (chunk: string) =>
    kernel.write(null, fixture.now, ({ streams }) => streams.append({ streamId: "s", chunks: [chunk] }));
  kernel.write(null, fixture.now, ({ streams }) => streams.open({ streamId: "s" }));
  append("a");
  for (let n = 0; n < 100; n++) fixture.append(undefined, n);
  append("b");
  const pagesByTurn = [0];
  const reads = new StreamReads(
    kernel,
    kernel,
    (after) => {
      pagesByTurn[pagesByTurn.length - 1] = (pagesByTurn.at(-1) ?? 0) + 1;
      // One commit is a page.
      return kernel.log.readAfter(after, 1);
    },
    { wait: async () => void pagesByTurn.push(0) },
  );
  const stream = reads.info("s");
  if (!stream) throw new Error("no stream");
  const first = reads.read(stream, 0);
  expect(first).toMatchObject({ pages: [{ chunks: ["a"] }], next: 1, more: true });
  expect(await reads.read(stream, 1)).toMatchObject({ pages: [{ chunks: ["b"] }], next: 2, more: false });
  expect(pagesByTurn.length).toBeGreaterThan(5);
  expect(Math.max(...pagesByTurn)).toBeLessThan(20);
});
