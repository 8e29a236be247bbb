import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { UsageReport } from "../protocol/usage.ts";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import { Usage } from "./usage.ts";

const report = (fixture: KernelFixture, entry: UsageReport) =>
  fixture.kernel.write(null, fixture.now, (writer) => writer.recordUsage(entry)).value;
const tokens = { kind: "tokens", source: "agent" } as const;

describe("the meter", () => {
  test("US1 an entry counts once, and a repeat writes nothing", () => {
    const fixture = new KernelFixture();
    expect(report(fixture, { ...tokens, entryId: "a", inputTokens: 5, outputTokens: 2 })).toBe(true);
    const { lastSeq } = fixture.kernel.view;
    expect(report(fixture, { ...tokens, entryId: "a", inputTokens: 9 })).toBe(false);
    expect(fixture.kernel.view.lastSeq).toBe(lastSeq);
    fixture.wake();
    expect(report(fixture, { ...tokens, entryId: "a" })).toBe(false);
    expect(new Usage(fixture.sql).rollup().tokens).toEqual({ input: 5, output: 2, total: 7 });
  });

  test("US2 the rollup adds up tokens, known costs and tools, by source and by model", () => {
    const fixture = new KernelFixture();
    report(fixture, { ...tokens, entryId: "1", model: "m", inputTokens: 10, outputTokens: 1, costMicros: 7 });
    report(fixture, {
      ...tokens,
      entryId: "2",
      model: "n",
      inputTokens: 20,
      totalTokens: 25,
      costMicros: null,
    });
    report(fixture, {
      kind: "tool",
      source: "agent",
      entryId: "3",
      name: "look_up",
      durationMs: 40,
      costMicros: 0,
    });
    report(fixture, {
      kind: "tool",
      source: "agent",
      entryId: "4",
      name: "look_up",
      durationMs: 2,
      costMicros: 1,
    });
    report(fixture, { kind: "custom", source: "mail", entryId: "5", costMicros: 100 });
    const rollup = new Usage(fixture.sql).rollup();
    expect(rollup).toMatchObject({
      entries: 5,
      tokens: { input: 30, output: 1, total: 36 },
      costMicros: 108,
      unpriced: 1,
      bySource: { agent: { entries: 4 }, mail: { costMicros: 100 } },
      byModel: { m: { tokens: { total: 11 } }, n: { tokens: { total: 25 } } },
      toolStats: { look_up: { calls: 2, durationMs: 42 } },
    });
    expect(new Usage(fixture.sql).rollup({ upTo: 2 })).toMatchObject({
      entries: 0,
      tokens: { total: 0 },
      costMicros: 0,
    });
  });

  test("US2 whatever is reported, the rollup is the sum of the entries", () => {
    const entry = fc.record({
      kind: fc.constantFrom("tokens", "tool", "subagent", "custom"),
      source: fc.constantFrom("a", "b"),
      entryId: fc.constantFrom("1", "2", "3", "4", "5", "6"),
      inputTokens: fc.nat(),
      outputTokens: fc.nat(),
      costMicros: fc.option(fc.nat()),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
        const fixture = new KernelFixture();
        for (const one of entries) report(fixture, one as UsageReport);
        const first = entries.filter(
          ({ entryId }, at) => entries.findIndex((e) => e.entryId === entryId) === at,
        );
        const sum = (of: (one: (typeof entries)[number]) => number) =>
          first.reduce((n, one) => n + of(one), 0);
        const usage = new Usage(fixture.sql);
        expect(usage.rollup()).toMatchObject({
          entries: first.length,
          tokens: { total: sum((one) => one.inputTokens + one.outputTokens) },
          costMicros: sum((one) => one.costMicros ?? 0),
        });
        expect(
          usage
            .list(100)
            .map(({ entryId }) => entryId)
            .reverse(),
        ).toEqual(first.map(({ entryId }) => entryId));
      }),
      { numRuns: 40 },
    );
  });

  test("US3 entries are listed newest first, by kind, up to an event", () => {
    const fixture = new KernelFixture();
    for (const n of [1, 2, 3])
      report(fixture, { kind: n === 2 ? "tool" : "custom", source: "s", entryId: `${n}` });
    const ids = (...query: Parameters<Usage["list"]>) =>
      new Usage(fixture.sql).list(...query).map(({ entryId }) => entryId);
    expect(ids(10)).toEqual(["3", "2", "1"]);
    expect(ids(10, { kinds: ["custom"] })).toEqual(["3", "1"]);
    expect(ids(1, { before: 5 })).toEqual(["2"]);
  });

  test("US1 what is no count is refused by the field's name", () => {
    const fixture = new KernelFixture();
    const wrong: readonly [string, object][] = [
      ["entryId", { entryId: "" }],
      ["source", { source: "x".repeat(200) }],
      ["kind", { kind: "gold" }],
      ["inputTokens", { inputTokens: -1 }],
      ["costMicros", { costMicros: 0.5 }],
      ["durationMs", { durationMs: Number.NaN }],
    ];
    for (const [field, overrides] of wrong)
      expect(() => report(fixture, { ...tokens, entryId: "e", ...overrides } as UsageReport)).toThrow(
        expect.objectContaining({ code: "bad_request", details: { field } }),
      );
    expect(fixture.kernel.view.lastSeq).toBe(2);
  });
});
