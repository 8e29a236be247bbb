import { afterAll, beforeAll, expect, test } from "vitest";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

test("CA3 CA8 calls at once share one load, an eviction forgets it, and the bound is the kind's own", async () => {
  const name = fixture.name();
  const lookUp = async (...body: readonly unknown[]) =>
    (await fixture.ask("POST", `tiny/${name}/call/lookUp`, { body })).body.result;
  const answers = await Promise.all(["a", "b", "c"].map((value) => lookUp("sess:x", 60_000, value)));
  expect(new Set(answers.map(({ value }) => value)).size).toBe(1);
  expect((await lookUp("sess:x", 60_000, "d")).stats).toMatchObject({ loads: 1, entries: 1, maxBytes: 1000 });
  await lookUp("glob:large", 60_000, "x".repeat(450));
  expect((await lookUp("sess:x", 60_000, "e")).stats).toMatchObject({ loads: 3, evictions: 2, entries: 1 });
  await fixture.evict(name, "Tiny");
  expect(await lookUp("sess:x", 60_000, "f")).toMatchObject({ value: "f", stats: { hits: 0, loads: 1 } });
});
