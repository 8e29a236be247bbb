import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LruCache } from "./lru-cache.ts";

test("CA1 past the byte bound the least recently used goes first", () => {
  const cache = new LruCache(3 * (64 + 2 * 11));
  for (const key of ["a", "b", "c"]) cache.set(key, "0123456789", 10);
  expect(cache.get("a", 0)).toBe("0123456789");
  cache.set("d", "0123456789", 10);
  expect(["a", "b", "c", "d"].map((key) => cache.get(key, 0) !== null)).toEqual([true, false, true, true]);
  expect(cache.stats).toMatchObject({ hits: 4, misses: 1, evictions: 1, entries: 3 });
});

test("CA1 a value larger than the bound is not kept, and drives nothing out", () => {
  const cache = new LruCache(200);
  cache.set("small", "1", 10);
  cache.set("large", "x".repeat(200), 10);
  expect(cache.get("large", 0)).toBeNull();
  expect(cache.get("small", 0)).toBe("1");
});

test("CA2 a value is gone at the end of its lifetime", () => {
  const cache = new LruCache(1000);
  cache.set("a", "1", 10);
  expect(cache.get("a", 9)).toBe("1");
  expect(cache.get("a", 10)).toBeNull();
  expect(cache.stats).toMatchObject({ entries: 0, bytes: 0 });
});

test("CA1 whatever is done, the bytes counted are those held, and never above the bound", () => {
  const key = fc.constantFrom("a", "bb", "ccc", "dddd");
  const action = fc.oneof(
    fc.record({ do: fc.constant("set" as const), key, length: fc.nat(120), ttl: fc.nat(20) }),
    fc.record({ do: fc.constant("get" as const), key, after: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
      const cache = new LruCache(500);
      const model = new Map<string, { text: string; expiresAt: number }>();
      let now = 0;
      for (const step of actions) {
        if (step.do === "set") {
          const text = "x".repeat(step.length);
          cache.set(step.key, text, now + step.ttl);
          model.set(step.key, { text, expiresAt: now + step.ttl });
        } else {
          now += step.after;
          const found = cache.get(step.key, now);
          const known = model.get(step.key);
          if (found !== null) expect([found, now < (known?.expiresAt ?? 0)]).toEqual([known?.text, true]);
        }
        expect(cache.stats.bytes).toBeLessThanOrEqual(500);
        expect(cache.stats.bytes === 0).toBe(cache.stats.entries === 0);
      }
    }),
  );
});
