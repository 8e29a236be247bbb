import { expect, test } from "vitest";
import { readEarlier } from "./read-earlier.ts";

/** A log of `length` events whose pages hold at most `most`, whatever the limit. */
function log(length: number, most: number) {
  return {
    readEvents: async ({ after, limit }: { after: number; limit: number }) => {
      const count = Math.max(0, Math.min(limit, most, length - after));
      const items = Array.from({ length: count }, (_, index) => ({ seq: after + 1 + index }));
      return { items, nextAfter: items.at(-1)?.seq ?? after };
    },
  };
}
const seqs = async (...args: Parameters<typeof readEarlier>) =>
  (await readEarlier(...args)).map(({ seq }) => seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test("earlier events come without a gap, however short the pages are", async () => {
  expect(await seqs(log(2_000, 120), 1_001, 500)).toEqual(range(501, 1_000));
  expect(await seqs(log(2_000, 120), 301, 500)).toEqual(range(1, 300));
  expect(await seqs(log(2_000, 1_000), 1_001, 500)).toEqual(range(501, 1_000));
  expect(await seqs(log(0, 120), 301, 500)).toEqual([]);
});
