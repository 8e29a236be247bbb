import { expect, test } from "vitest";
import type { Json } from "../protocol/json.ts";
import { LoadingCache } from "./cached.ts";

function scene() {
  const clock = { time: 0, now: () => clock.time };
  const cache = new LoadingCache(10_000, clock);
  let loads = 0;
  const load = (value: Json) => () => {
    loads += 1;
    return Promise.resolve(value);
  };
  return { clock, cache, load, loads: () => loads };
}

test("CA2 a value is loaded once in its lifetime, and readers share no object", async () => {
  const { clock, cache, load, loads } = scene();
  const first = (await cache.get("glob:catalogue", 300_000, load({ courses: 1 }))) as { courses: number };
  first.courses = 2;
  clock.time = 299_999;
  expect(await cache.get("glob:catalogue", 300_000, load({ courses: 3 }))).toEqual({ courses: 1 });
  clock.time = 300_000;
  expect(await cache.get("glob:catalogue", 300_000, load({ courses: 3 }))).toEqual({ courses: 3 });
  expect(loads()).toBe(2);
});

test("CA3 whoever asks while a value is loaded gets that load's, failure included, and the next one asks again", async () => {
  const { cache, load } = scene();
  let fail = (_error: Error): void => {};
  const failing = () => new Promise<Json>((_resolve, reject) => (fail = reject));
  const asked = [1, 2, 3].map(() => cache.get("sess:a", 1000, failing));
  fail(new Error("down"));
  for (const outcome of await Promise.allSettled(asked))
    expect(outcome).toMatchObject({ status: "rejected", reason: { message: "down" } });
  expect(cache.stats).toMatchObject({ loads: 1, misses: 3, entries: 0 });
  const values = await Promise.all([1, 2, 3].map(() => cache.get("sess:a", 1000, load({ n: 1 }))));
  expect(new Set(values).size).toBe(3);
  expect(cache.stats).toMatchObject({ loads: 2, entries: 1 });
});

test("CA4 that there is nothing is not kept", async () => {
  const { cache, load, loads } = scene();
  expect(await cache.get("sess:a", 1000, load(null))).toBeNull();
  expect(await cache.get("sess:a", 1000, load("now"))).toBe("now");
  expect(loads()).toBe(2);
});

test("CA5 keys say whose they are, and the two kinds never meet", async () => {
  const { cache, load } = scene();
  await cache.get("sess:rules", 1000, load("mine"));
  expect(await cache.get("glob:rules", 1000, load("everybody's"))).toBe("everybody's");
  for (const key of ["rules", "sess:", "Sess:a", ""])
    await expect(cache.get(key, 1000, load(1))).rejects.toMatchObject({ code: "bad_request" });
  await expect(cache.get("sess:a", 0, load(1))).rejects.toMatchObject({ code: "bad_request" });
  expect(cache.stats).toMatchObject({ hits: 0, misses: 2, loads: 2, entries: 2, maxBytes: 10_000 });
});
