import { expect, test } from "vitest";
import { RelayCache } from "./relay-cache.ts";

test("SM40 a relay keeps the newest chunks within its bound, and says so when asked for older ones", () => {
  const cache = new RelayCache(10);
  expect(cache.from(0)).toBeNull();
  cache.add({ at: 0, to: 2, chunks: ["aa", "bb"] }, 4);
  cache.add({ at: 2, to: 4, chunks: ["cc", "dd"] }, 4);
  expect(cache.from(1)).toEqual([
    { at: 1, to: 2, chunks: ["bb"] },
    { at: 2, to: 4, chunks: ["cc", "dd"] },
  ]);
  cache.add({ at: 4, to: 5, chunks: ["eeee"] }, 4);
  expect(cache.from(1)).toBeNull();
  expect(cache.from(3)).toEqual([
    { at: 3, to: 4, chunks: ["dd"] },
    { at: 4, to: 5, chunks: ["eeee"] },
  ]);
});
