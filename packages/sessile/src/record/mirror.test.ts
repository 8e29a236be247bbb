import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Commit, eventsOf, lastSeqOf, sessionKeyOf } from "../protocol/index.ts";
import { withFaults } from "./faulty-d1.ts";
import {
  createD1Record,
  type MirrorLog,
  maxRetryMs,
  mirrorBackoffMs,
  mirrorLog,
  type SessionRecord,
} from "./index.ts";
import { exampleCommits, exampleRow } from "./record-examples.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";

const calm = { failures: 0, jitter: 0 };

/** A log of commits with 1, 2, 3, 1, 2, 3 … events. */
function logOf(events: number): Commit[] {
  const single = exampleCommits(
    1,
    Array.from({ length: events }, (_, index) => ({ index, text: "x".repeat(40) })),
  );
  const commits: Commit[] = [];
  for (let from = 0, size = 1; from < single.length; from += size, size = (size % 3) + 1) {
    const group = single.slice(from, from + size);
    commits.push({ ...(group[0] as Commit), events: group.flatMap((commit) => commit.events) });
  }
  return commits;
}

function mirrorOf(
  commits: readonly Commit[],
  recordedSeq: number,
  lastSeq = lastSeqOf(commits.at(-1) as Commit),
): MirrorLog {
  const readCommits = (after: number, maxBytes: number) => {
    const page: Commit[] = [];
    let bytes = 0;
    for (const commit of commits.filter((each) => lastSeqOf(each) > after)) {
      bytes += JSON.stringify(commit).length;
      if (page.length > 0 && bytes > maxBytes) break;
      page.push(commit);
    }
    return page;
  };
  return { row: exampleRow("a", { lastSeq }), recordedSeq, readCommits };
}

async function recorded(record: SessionRecord) {
  return (await record.readEvents("note", "a", { maxBytes: 1e9 })).events;
}
const unpack = (commits: readonly Commit[]) =>
  commits.flatMap((commit) => eventsOf(commit, sessionKeyOf("note", "a")));

describe("mirror", () => {
  it("RE15 copies a log, row first, until caught up", async () => {
    const record = createD1Record(openSqliteD1());
    const commits = logOf(100);
    const outcome = await mirrorLog(mirrorOf(commits, 0), record, {
      ...calm,
      maxRanges: 100,
      maxRangeBytes: 1000,
    });
    expect(outcome).toEqual({ recordedSeq: 100, more: false, error: null });
    expect(await recorded(record)).toEqual(unpack(commits));
    expect((await record.getSession("note", "a"))?.lastSeq).toBe(100);
  });

  it("RE15 stops when the budget is used, says that more remains, and goes on from there", async () => {
    const record = createD1Record(openSqliteD1());
    const commits = logOf(60);
    let outcome = { recordedSeq: 0, more: true };
    let runs = 0;
    for (; outcome.more; runs++) {
      const before = outcome.recordedSeq;
      outcome = await mirrorLog(mirrorOf(commits, before), record, {
        ...calm,
        maxRanges: 2,
        maxRangeBytes: 1500,
      });
      expect(outcome.recordedSeq).toBeGreaterThan(before);
    }
    expect(runs).toBeGreaterThan(2);
    expect(await recorded(record)).toEqual(unpack(commits));
  });

  it("RE15 copies nothing after the row's lastSeq", async () => {
    const record = createD1Record(openSqliteD1());
    const outcome = await mirrorLog(mirrorOf(logOf(60), 0, 30), record, calm);
    expect(outcome).toEqual({ recordedSeq: 30, more: false, error: null });
    expect(await record.recordedSeq("note", "a")).toBe(30);
  });

  it("RE15 writes the row although there is nothing to copy", async () => {
    const record = createD1Record(openSqliteD1());
    const commits = logOf(3);
    await mirrorLog(mirrorOf(commits, 0), record, calm);
    const log = mirrorOf(commits, 3);
    await mirrorLog({ ...log, row: { ...log.row, title: "renamed" } }, record, calm);
    expect((await record.getSession("note", "a"))?.title).toBe("renamed");
  });

  it("RE16 a failure keeps the ranges before it and asks for patience that doubles up to 5 minutes", async () => {
    const faulty = withFaults(openSqliteD1());
    const record = createD1Record(faulty);
    const commits = logOf(60);
    await record.listSessions();
    faulty.failAt(4, "before");
    const outcome = await mirrorLog(mirrorOf(commits, 0), record, {
      ...calm,
      failures: 3,
      maxRanges: 99,
      maxRangeBytes: 1000,
    });
    expect(outcome.recordedSeq).toBeGreaterThan(0);
    expect(outcome).toMatchObject({
      more: true,
      error: { code: "unavailable", details: { retryAfterMs: 8000 } },
    });
    const next = await mirrorLog(mirrorOf(commits, outcome.recordedSeq), record, calm);
    expect(next).toEqual({ recordedSeq: 60, more: false, error: null });
    expect([0, 1, 2, 8, 9, 1000].map((failures) => mirrorBackoffMs(failures, 0))).toEqual([
      1000,
      2000,
      4000,
      256_000,
      maxRetryMs,
      maxRetryMs,
    ]);
    expect(mirrorBackoffMs(4, 0.5)).toBe(12_000);
    expect(mirrorBackoffMs(4, 0.999)).toBeGreaterThanOrEqual(8000);
  });

  it("RE16 a record that contradicts the log is conflict, without a time to retry", async () => {
    const record = createD1Record(openSqliteD1());
    await mirrorLog(mirrorOf(logOf(10), 0), record, calm);
    const other = logOf(10).map((commit) => ({ ...commit, at: commit.at + 1 }));
    const outcome = await mirrorLog(mirrorOf(other, 0), record, calm);
    expect(outcome).toMatchObject({ recordedSeq: 0, more: true, error: { code: "conflict" } });
    expect(outcome.error?.details.retryAfterMs).toBeUndefined();
  });

  it("RE17 a record that lost its tail is filled again from its own watermark", async () => {
    const db = openSqliteD1();
    const record = createD1Record(db);
    const commits = logOf(20);
    await mirrorLog(mirrorOf(commits, 0), record, calm);
    db.database.exec("DELETE FROM session_events WHERE seq > 7; UPDATE sessile_sessions SET recordedSeq = 7");
    const outcome = await mirrorLog(mirrorOf(commits, 20), record, calm);
    expect(outcome).toEqual({ recordedSeq: 20, more: false, error: null });
    expect(await recorded(record)).toEqual(unpack(commits));
  });

  it("RE17 a record that is ahead of the log is conflict, and a log that lost a range the record lacks is internal", async () => {
    const record = createD1Record(openSqliteD1());
    const commits = logOf(20);
    await mirrorLog(mirrorOf(commits, 0), record, calm);
    expect(await mirrorLog(mirrorOf(commits, 5, 10), record, calm)).toMatchObject({
      error: { code: "conflict" },
    });
    const trimmed = mirrorOf(commits.slice(5), 0);
    const empty = createD1Record(openSqliteD1());
    expect(await mirrorLog(trimmed, empty, calm)).toMatchObject({
      recordedSeq: 0,
      more: true,
      error: { code: "internal" },
    });
  });

  it("RE18 facts too large for a list are left out and reported; the log is copied all the same", async () => {
    const record = createD1Record(openSqliteD1());
    const log = mirrorOf(logOf(5), 0);
    const outcome = await mirrorLog(
      { ...log, row: { ...log.row, facts: { blob: "x".repeat(20_000) } } },
      record,
      calm,
    );
    expect(outcome).toMatchObject({ recordedSeq: 5, more: false, error: { code: "limit_exceeded" } });
    expect((await record.getSession("note", "a"))?.facts).toEqual({});
  });

  it("RE9 any schedule of faults and restarts ends with the log, once and in order", async () => {
    const fault = fc.record({
      call: fc.integer({ min: 1, max: 6 }),
      when: fc.constantFrom("before" as const, "after" as const),
    });
    const run = fc.record({ fault, bytes: fc.integer({ min: 1, max: 3000 }), forgets: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { maxLength: 12 }), async (runs) => {
        const faulty = withFaults(openSqliteD1());
        const record = createD1Record(faulty);
        const commits = logOf(50);
        let recordedSeq = 0;
        for (const { fault: planned, bytes, forgets } of runs) {
          faulty.failAt(planned.call, planned.when);
          const outcome = await mirrorLog(mirrorOf(commits, recordedSeq), record, {
            ...calm,
            maxRanges: 3,
            maxRangeBytes: bytes,
          });
          expect(outcome.error?.code ?? "unavailable").toBe("unavailable");
          // A session may die before it stores its new watermark.
          if (!forgets) recordedSeq = outcome.recordedSeq;
        }
        faulty.heal();
        const last = await mirrorLog(mirrorOf(commits, recordedSeq), record, { ...calm, maxRanges: 99 });
        expect(last).toEqual({ recordedSeq: 50, more: false, error: null });
        expect(await recorded(record)).toEqual(unpack(commits));
      }),
      { numRuns: 60 },
    );
  });
});
