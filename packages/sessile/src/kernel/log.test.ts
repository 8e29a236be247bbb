import { describe, expect, test } from "vitest";
import { defaultLimits } from "../protocol/limits.ts";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import { mayHold, type StoredCommit } from "./log.ts";

describe("log", () => {
  test("LO1 seqs begin at 1, rise by one and have no gap, whatever kind of change they number", () => {
    const fixture = new KernelFixture();
    fixture.append("a");
    fixture.one({ op: "setState", state: { count: 1 } });
    fixture.one({ op: "setStatus", to: "open" });
    fixture.append("b");
    expect(fixture.events().map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(fixture.events().map((event) => event.type)).toEqual([
      "session.created",
      "session.lifecycle_changed",
      "message",
      "state.changed",
      "status.changed",
      "message",
    ]);
  });

  test("LO2 a commit is one row, whatever number of events it holds", () => {
    const fixture = new KernelFixture();
    const before = fixture.rows("_sessile_log");
    fixture.send(
      Array.from(
        { length: 64 },
        (_, n) => ({ op: "append", id: `p.1.${n}`, type: "message", payload: n }) as const,
      ),
    );
    expect(fixture.rows("_sessile_log")).toBe(before + 1);
    expect(fixture.kernel.view.lastSeq).toBe(66);
  });

  test("whether a commit holds a type is known when it was made, and guessed from its text when it was read back", () => {
    const fixture = new KernelFixture();
    const changed = fixture.send([
      { op: "setState", state: { count: 1 } },
      { op: "append", type: "message", payload: { type: "status.changed" } },
    ]).stored as StoredCommit;
    const { systemTypes: _known, ...readBack } = changed;
    for (const commit of [changed, readBack]) {
      expect(mayHold(commit, "state.")).toBe(true);
      expect(mayHold(commit, "stream.")).toBe(false);
    }
    expect(mayHold(changed, "status.")).toBe(false);
    expect(mayHold(readBack, "status.")).toBe(true);
  });

  test("LO3 a read after N gives exactly the events after N, also when N lies inside a commit", () => {
    const fixture = new KernelFixture();
    fixture.send(
      Array.from(
        { length: 10 },
        (_, n) => ({ op: "append", id: `p.1.${n}`, type: "message", payload: n }) as const,
      ),
    );
    fixture.append("z");
    for (let after = 0; after <= 13; after++) {
      expect(fixture.events(after).map((event) => event.seq)).toEqual(
        Array.from({ length: 13 - after }, (_, n) => after + n + 1),
      );
    }
  });

  test("LO4 pages end at a count and a size, hold at least one commit, and say whether more follows", () => {
    const fixture = new KernelFixture({ limits: { ...defaultLimits, maxPageBytes: 1000 } });
    for (let n = 0; n < 40; n++) fixture.append(`f${n}`, "x".repeat(n === 20 ? 5000 : 100));
    let cursor = 0;
    const seen: number[] = [];
    for (let pages = 0; ; pages++) {
      const page = fixture.kernel.readAfter(cursor);
      expect(page.commits.length).toBeGreaterThan(0);
      expect(
        page.commits.slice(0, -1).reduce((sum, commit) => sum + commit.body.length, 0),
      ).toBeLessThanOrEqual(1000);
      for (const commit of page.commits) seen.push(commit.lastSeq);
      cursor = page.commits.at(-1)?.lastSeq ?? cursor;
      if (!page.more) {
        expect(pages).toBeGreaterThan(3);
        break;
      }
    }
    expect(seen).toEqual([2, ...Array.from({ length: 40 }, (_, n) => n + 3)]);
    expect(fixture.kernel.readAfter(0, 5).commits).toHaveLength(4);
    expect(fixture.kernel.readAfter(42)).toEqual({ commits: [], more: false });
  });

  test("LO5 a commit longer than a row continues in further rows and reads back letter for letter", () => {
    const fixture = new KernelFixture({ limits: { ...defaultLimits, maxRowBytes: 300 } });
    const payload = "ä€😀\ud800".repeat(200);
    fixture.append("long", payload);
    fixture.append("short", "x");
    const longest = fixture.sql.exec(
      "SELECT max(length(CAST(body AS BLOB))) AS n FROM (SELECT body FROM _sessile_log UNION ALL SELECT body FROM _sessile_continuation)",
    )[0]?.n;
    expect(Number(longest)).toBeLessThanOrEqual(300);
    expect(fixture.events(2).map((event) => event.payload)).toEqual([payload, "x"]);
    fixture.wake();
    expect(fixture.events(2)[0]?.payload).toBe(payload);
  });

  test("LO5 what was cut under a lower limit is read back whole, and its ids are found", () => {
    const fixture = new KernelFixture({ limits: { ...defaultLimits, maxRowBytes: 60_000 } });
    const commands = ["p.1.1", "p.1.2"].map(
      (id) => ({ op: "append", id, type: "message", payload: "x".repeat(40_000) }) as const,
    );
    fixture.send(commands);
    const before = fixture.events();
    (fixture.kind as { limits: typeof defaultLimits }).limits = defaultLimits;
    fixture.wake();
    expect(fixture.events()).toEqual(before);
    expect(fixture.send(commands).outcomes).toMatchObject([
      { seq: 3, repeated: true },
      { seq: 4, repeated: true },
    ]);
  });

  test("LO6 time never runs backwards in the log, whatever the clock does", () => {
    const fixture = new KernelFixture();
    fixture.append("a");
    fixture.now -= 1_000_000;
    fixture.append("b");
    fixture.wake();
    fixture.append("c");
    const times = fixture.commits().map((commit) => commit.at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test("LO7 event ids are ULIDs that sort as their seqs do and are the same on every read", () => {
    const fixture = new KernelFixture();
    for (let n = 0; n < 20; n++) fixture.append(`f${n}`);
    const ids = fixture.events().map((event) => event.eventId);
    expect(ids.every((id) => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id))).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    fixture.wake();
    expect(fixture.events().map((event) => event.eventId)).toEqual(ids);
  });

  test("LO8 actors are frozen onto events by id and name", () => {
    const fixture = new KernelFixture();
    fixture.send([
      { op: "append", id: "a", type: "message", payload: 1 },
      { op: "append", id: "b", type: "message", payload: 2 },
    ]);
    fixture.one({ op: "append", id: "c", type: "message", payload: 3 }, { id: "ada", name: "Ada Lovelace" });
    expect(fixture.events(2).map((event) => event.actor)).toEqual([
      { id: "ada", name: "Ada" },
      { id: "ada", name: "Ada" },
      { id: "ada", name: "Ada Lovelace" },
    ]);
  });
});
