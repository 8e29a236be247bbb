import { describe, expect, test } from "vitest";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import { StagedLog, StreamExpiry, StreamTable, streamsDueId } from "./index.ts";

const hourMs = 3_600_000;
const streamRetention = { endedMs: hourMs };

class Streams extends KernelFixture {
  end(...ids: string[]): void {
    this.kernel.write(null, this.now, ({ streams }) => {
      for (const streamId of ids) {
        streams.open({ streamId });
        streams.close(streamId, { output: null });
      }
    });
  }

  /** What the host does when the due row rings. */
  ring(): void {
    const dueAt = this.dueAt();
    if (dueAt === null) throw new Error("nothing is due");
    this.now = Math.max(this.now, dueAt);
    this.kernel.write(null, this.now, (writer) => writer.expireStreams());
  }

  /** What the host does once an instance is awake. */
  start(overrides: Partial<Streams["kind"]>): Streams {
    Object.assign(this.kind, overrides);
    this.wake();
    new StreamExpiry(
      this.kernel.due,
      new StreamTable(this.sql, 1e6),
      this.kind.streamRetention ?? null,
    ).start(this.now);
    return this;
  }

  dueAt = () => this.kernel.due.dueAt(streamsDueId);

  ids = () =>
    new StreamTable(this.sql, 1e6)
      .list(1000)
      .map(({ streamId }) => streamId)
      .sort();
}

describe("SM49 streams that have closed are deleted when they have been kept as long as the kind says", () => {
  test("each in its time, with one row of due work; their events stay", () => {
    const fixture = new Streams({ streamRetention });
    const closedAt = fixture.now;
    fixture.end("a");
    fixture.now += hourMs / 2;
    fixture.end("b");
    fixture.kernel.write(null, fixture.now, ({ streams }) => streams.open({ streamId: "open" }));
    expect(fixture.dueAt()).toBe(closedAt + hourMs);
    fixture.ring();
    expect(fixture.ids()).toEqual(["b", "open"]);
    expect(fixture.dueAt()).toBe(closedAt + 1.5 * hourMs);
    fixture.ring();
    expect(fixture.ids()).toEqual(["open"]);
    expect(fixture.dueAt()).toBeNull();
    const told = fixture.events().filter(({ type }) => type === "stream.deleted");
    expect(told.map(({ payload }) => payload)).toEqual(
      ["a", "b"].map((streamId) => ({ streamId, reason: "expired" })),
    );
    expect(fixture.events().filter(({ type }) => type === "stream.ended")).toHaveLength(2);
  });

  test("those that closed within a minute go together, and many go over several commits", () => {
    const fixture = new Streams({ streamRetention });
    fixture.end("first");
    fixture.now += 1000;
    fixture.end("second");
    fixture.now += 1000;
    fixture.end("third");
    const before = fixture.now;
    fixture.ring();
    expect(fixture.ids()).toEqual(["second", "third"]);
    expect(fixture.dueAt()).toBe(fixture.now + 60_000);
    fixture.ring();
    expect(fixture.ids()).toEqual([]);
    expect(fixture.now - before).toBeLessThanOrEqual(hourMs + 60_000);
    fixture.end(...Array.from({ length: 150 }, (_, n) => `s${n}`));
    fixture.ring();
    expect(fixture.ids()).toHaveLength(150 - 64);
    expect(fixture.dueAt()).toBe(fixture.now);
    fixture.ring();
    fixture.ring();
    expect(fixture.ids()).toEqual([]);
    expect(fixture.dueAt()).toBeNull();
  });

  test("in a terminated session too", () => {
    const fixture = new Streams({ streamRetention });
    fixture.kernel.write(null, fixture.now, ({ streams }) => streams.open({ streamId: "s" }));
    fixture.kernel.write(null, fixture.now, (writer) => writer.setLifecycle("terminated"));
    fixture.ring();
    expect(fixture.ids()).toEqual([]);
  });

  test("one whose end is longer than a row is found as well, and nothing of it is left", () => {
    const fixture = new Streams({ streamRetention });
    fixture.kernel.write(null, fixture.now, ({ streams }) => {
      streams.open({ streamId: "s" });
      streams.close("s", { output: "ä".repeat(2_500_000) });
    });
    const owned = () =>
      fixture.sql.exec("SELECT 1 FROM _sessile_continuation WHERE owner LIKE 'stream:%'").length;
    expect(owned()).toBeGreaterThan(0);
    fixture.ring();
    expect(fixture.ids()).toEqual([]);
    expect(owned()).toBe(0);
  });

  test("a kind that says nothing keeps them for ever, and pays no row", () => {
    const fixture = new Streams();
    fixture.end("s");
    expect(fixture.dueAt()).toBeNull();
    expect(fixture.start({}).dueAt()).toBeNull();
    expect(fixture.ids()).toEqual(["s"]);
  });
});

test("SM50 a stream that was reset counts from the end it comes to then", () => {
  const fixture = new Streams({ streamRetention });
  fixture.end("s");
  fixture.kernel.write(null, fixture.now, ({ streams }) => streams.reset("s"));
  fixture.ring();
  expect(fixture.ids()).toEqual(["s"]);
  expect(fixture.dueAt()).toBeNull();
  const closedAt = fixture.now;
  fixture.kernel.write(null, closedAt, ({ streams }) => streams.close("s", { output: 1 }));
  expect(fixture.dueAt()).toBe(closedAt + hourMs);
  fixture.ring();
  expect(fixture.ids()).toEqual([]);
});

test("SM51 a setting that is new, shorter, longer or gone holds for the streams that are there", () => {
  const fixture = new Streams();
  const closedAt = fixture.now;
  fixture.end("s");
  fixture.start({ streamRetention });
  fixture.ring();
  expect(fixture.ids()).toEqual(["s"]);
  expect(fixture.dueAt()).toBe(closedAt + hourMs);
  fixture.start({ streamRetention: { endedMs: 1000 * hourMs } });
  fixture.ring();
  expect(fixture.dueAt()).toBe(closedAt + 1000 * hourMs);
  expect(fixture.start({ streamRetention: null }).dueAt()).toBeNull();
  fixture.start({ streamRetention: { endedMs: 1000 * hourMs } });
  fixture.ring();
  fixture.now = closedAt + 2 * hourMs;
  fixture.start({ streamRetention });
  expect(fixture.dueAt()).toBe(fixture.now);
  fixture.ring();
  expect(fixture.ids()).toEqual([]);
});

test("SM51 an imported log's streams are judged by when they closed", () => {
  const source = new Streams();
  source.end("old");
  source.now += 2 * hourMs;
  source.end("new");
  const copy = new Streams({ streamRetention }, false);
  copy.now = source.now;
  const staged = new StagedLog(copy.kernel);
  staged.begin();
  staged.add(source.commits());
  staged.activate(source.kernel.view.lastSeq);
  copy.start({}).ring();
  expect(copy.ids()).toEqual(["new"]);
  expect(copy.dueAt()).toBe(source.now + hourMs);
});
