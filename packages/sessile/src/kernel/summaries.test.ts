import { describe, expect, test } from "vitest";
import type { SummaryReason, SummaryStyle } from "../protocol/summary.ts";
import { ada, KernelFixture } from "../testing/kernel-fixture.ts";
import { defaultSummaryPolicy, parseSummaryStyle, type StoredSummary, Summaries } from "./summaries.ts";

const policy = { ...defaultSummaryPolicy, maxTextChars: 50 };

function session() {
  const fixture = new KernelFixture({ summaries: policy });
  return { fixture, summaries: new Summaries(fixture.sql) };
}

const request = (fixture: KernelFixture, style: SummaryStyle = "brief") =>
  fixture.kernel.write(ada, fixture.now, (writer) => writer.requestSummary(style));

function create(
  fixture: KernelFixture,
  overrides: {
    reason?: SummaryReason;
    style?: SummaryStyle;
    base?: StoredSummary | null;
    text?: string;
  } = {},
) {
  const draft = {
    text: "What happened.",
    keyTopics: ["a"],
    actionItems: ["b"],
    base: null,
    toSeq: fixture.kernel.view.lastSeq,
    omittedEvents: 0,
    style: "brief" as const,
    reason: "request" as const,
    model: "m",
    ...overrides,
  };
  return fixture.kernel.write(null, fixture.now, (writer) => writer.createSummary(draft)).value;
}

describe("summaries", () => {
  test("SU1 a summary is an event of the session's own, with everything that is kept of it", () => {
    const { fixture, summaries } = session();
    fixture.append("p.1.1");
    const first = create(fixture);
    expect(first).toMatchObject({ fromSeq: 1, toSeq: 3, baseSummaryId: null, createdAt: fixture.now });
    expect(first.summaryId).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    fixture.append("p.1.2");
    const second = create(fixture, { base: summaries.last() });
    expect(second).toMatchObject({ fromSeq: 4, toSeq: 5, baseSummaryId: first.summaryId });
    const event = fixture.events().at(-1);
    const { createdAt: _createdAt, ...payload } = second;
    expect(event).toMatchObject({ type: "summary.created", actor: null, payload });
    expect(summaries.list(10)).toEqual([
      { ...second, seq: 6 },
      { ...first, seq: 4 },
    ]);
    expect(summaries.list(10, 6)).toEqual([{ ...first, seq: 4 }]);
  });

  test("SU4 the cooldown runs from the request: refused at 299 s with what remains, taken at 300 s", () => {
    const { fixture, summaries } = session();
    request(fixture);
    const lastSeq = fixture.kernel.view.lastSeq;
    expect(fixture.events().at(-1)).toMatchObject({ type: "summary.requested", actor: ada });
    fixture.now += 299_000;
    expect(summaries.cooldownRemainingMs(policy, fixture.now)).toBe(1000);
    expect(() => request(fixture, "detailed")).toThrow(
      expect.objectContaining({
        code: "rate_limited",
        details: expect.objectContaining({ retryAfterMs: 1000, cooldownRemaining: 1 }),
      }),
    );
    expect(fixture.kernel.view.lastSeq).toBe(lastSeq);
    fixture.now += 1000;
    expect(summaries.cooldownRemainingMs(policy, fixture.now)).toBe(0);
    request(fixture, "detailed");
    expect(summaries.lastRequest()).toEqual({
      seq: lastSeq + 1,
      style: "detailed",
      requestedAt: fixture.now,
    });
  });

  test("SU4 a cooldown outlives the instance", () => {
    const { fixture } = session();
    request(fixture);
    fixture.wake();
    expect(() => request(fixture)).toThrow(expect.objectContaining({ code: "rate_limited" }));
  });

  test("SU4 a request waits until a summary answers it, whatever else is summarised meanwhile", () => {
    const { fixture, summaries } = session();
    expect(summaries.pendingRequest()).toBeNull();
    request(fixture, "action_items");
    create(fixture, { reason: "snapshot" });
    expect(summaries.pendingRequest()).toMatchObject({ style: "action_items" });
    create(fixture, { style: "action_items" });
    expect(summaries.pendingRequest()).toBeNull();
  });

  test("SU4 a request is not answered by the summary in another style that was asked for before it", () => {
    const { fixture, summaries } = session();
    fixture.append("p.1.1");
    request(fixture, "detailed");
    fixture.now += policy.cooldownMs;
    request(fixture, "action_items");
    create(fixture, { style: "detailed" });
    expect(summaries.pendingRequest()).toMatchObject({ style: "action_items" });
    expect(summaries.lastFor("request", "action_items")).toBeNull();
    create(fixture, { style: "action_items" });
    expect(summaries.pendingRequest()).toBeNull();
  });

  test("SU3 what snapshots bring keeps its distance, of which requests are no part", () => {
    const { fixture, summaries } = session();
    expect(summaries.nextOnSnapshotAt(policy)).toBe(0);
    create(fixture, { reason: "snapshot" });
    const { now } = fixture;
    fixture.now += 1000;
    create(fixture);
    expect(summaries.nextOnSnapshotAt(policy)).toBe(now + policy.minIntervalMs);
  });

  test("SU5 a terminated session takes its last summary and its cost, and no request or report", () => {
    const { fixture, summaries } = session();
    fixture.one({ op: "setLifecycle", to: "terminated" });
    expect(() => request(fixture)).toThrow(expect.objectContaining({ code: "not_writable" }));
    const report = { entryId: "e", kind: "tokens", source: "summary", inputTokens: 3 } as const;
    const write = (own: boolean) =>
      fixture.kernel.write(null, fixture.now, (writer) =>
        own ? writer.recordOwnUsage(report) : writer.recordUsage(report),
      );
    expect(() => write(false)).toThrow(expect.objectContaining({ code: "not_writable" }));
    create(fixture, { reason: "termination" });
    write(true);
    expect(summaries.lastFor("termination")).toMatchObject({ toSeq: 4 });
    expect(
      fixture
        .events()
        .slice(-2)
        .map(({ type }) => type),
    ).toEqual(["summary.created", "usage.recorded"]);
  });

  test("SU8 whoever wrote it, a summary is cut to its bounds, never through a character, and holds no control characters", () => {
    const { fixture, summaries } = session();
    const text = `a\u0000\u0007${"😀".repeat(60)}`;
    fixture.kernel.write(null, fixture.now, (writer) =>
      writer.createSummary({
        text,
        keyTopics: ["", " x ", "x", "y".repeat(500), ...Array.from({ length: 30 }, (_, n) => `t${n}`)],
        actionItems: Array.from({ length: 50 }, (_, n) => `line\n${n} ${"z".repeat(900)}`),
        base: null,
        toSeq: 2,
        omittedEvents: 0,
        style: "brief",
        reason: "request",
        model: "m",
      }),
    );
    const made = summaries.last() as StoredSummary;
    expect(made.text).toBe(`a${"😀".repeat(24)}…`);
    expect(made.keyTopics).toHaveLength(12);
    expect(made.keyTopics.slice(0, 2)).toEqual(["x", `${"y".repeat(79)}…`]);
    expect(made.actionItems).toHaveLength(20);
    for (const item of made.actionItems) expect(item.length).toBeLessThanOrEqual(300);
    expect(made.actionItems.join()).not.toContain("\n");
  });

  test("SU2 a style is one of three", () => {
    expect(["brief", "detailed", "action_items"].map(parseSummaryStyle)).toEqual([
      "brief",
      "detailed",
      "action_items",
    ]);
    for (const wrong of ["long", "", null, 1])
      expect(() => parseSummaryStyle(wrong)).toThrow(expect.objectContaining({ code: "bad_request" }));
  });
});
