import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../protocol/json.ts";
import type { StreamPage } from "../protocol/stream.ts";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import { type Streams, StreamTable, segmentsIn, shownPieces } from "./index.ts";

const write = <T>(fixture: KernelFixture, body: (streams: Streams) => T): T =>
  fixture.kernel.write(null, ++fixture.now, (writer) => body(writer.streams)).value;
const find = (fixture: KernelFixture, streamId: string) =>
  write(fixture, (streams) => streams.find(streamId));
const append = (fixture: KernelFixture, ...chunks: Json[]) =>
  write(fixture, (streams) => streams.append({ streamId: "s", chunks }));
const open = (fixture: KernelFixture) => write(fixture, (streams) => streams.open({ streamId: "s" }));

/** Everything a stream shows from an offset on, by way of its index. */
function read(fixture: KernelFixture, streamId = "s", offset = 0): StreamPage[] {
  const stream = find(fixture, streamId);
  if (!stream) throw new Error("no stream");
  const from = new StreamTable(fixture.sql, fixture.kind.limits.maxRowBytes).seek(stream, offset);
  const page = fixture.kernel.log.readAfter(from - 1, Number.POSITIVE_INFINITY);
  return segmentsIn(page.commits, stream).flatMap((segment) => shownPieces(stream, segment, offset));
}
const chunks = (fixture: KernelFixture, streamId = "s", offset = 0) =>
  read(fixture, streamId, offset).flatMap((page) => page.chunks);

describe("a stream's life", () => {
  test("SM1 a stream is opened, appended to, paused, resumed and ended, each as an event with the next seq", () => {
    const fixture = new KernelFixture();
    const before = fixture.kernel.view.lastSeq;
    open(fixture);
    append(fixture, "a", "b");
    write(fixture, (streams) => streams.pause("s"));
    write(fixture, (streams) => streams.resume("s"));
    write(fixture, (streams) => streams.close("s", { output: { text: "ab" } }));
    const events = fixture.events(before);
    expect(events.map(({ type }) => type)).toEqual(
      ["opened", "segment", "paused", "resumed", "ended"].map((type) => `stream.${type}`),
    );
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5].map((n) => before + n));
    expect(chunks(fixture)).toEqual(["a", "b"]);
  });

  test("SM2 what an ended stream came to, and how a failed one failed, is kept through a wake", () => {
    const fixture = new KernelFixture();
    const error = { code: "unavailable" as const, message: "The model is away." };
    for (const streamId of ["e", "f"]) write(fixture, (streams) => streams.open({ streamId }));
    write(fixture, (streams) => streams.close("e", { output: { answer: 42 } }));
    write(fixture, (streams) => streams.close("f", { error }));
    fixture.wake();
    expect(find(fixture, "e")).toMatchObject({ status: "ended", output: { answer: 42 } });
    expect(find(fixture, "f")).toMatchObject({ status: "failed", error });
    expect(fixture.kernel.view.streams).toBeUndefined();
  });

  test("SM3 only an active stream takes chunks; a stream that has closed closes no other way", () => {
    const fixture = new KernelFixture();
    open(fixture);
    write(fixture, (streams) => streams.pause("s"));
    expect(() => append(fixture, "x")).toThrow(
      expect.objectContaining({ code: "not_writable", details: { current: "paused" } }),
    );
    write(fixture, (streams) => streams.close("s", { output: 1 }));
    expect(() => append(fixture, "x")).toThrow(expect.objectContaining({ code: "not_writable" }));
    expect(write(fixture, (streams) => streams.close("s", { output: 2 }))).toMatchObject({ repeated: true });
    expect(() =>
      write(fixture, (streams) => streams.close("s", { error: { code: "internal", message: "" } })),
    ).toThrow(
      expect.objectContaining({ code: "not_writable", details: { current: "ended", currentVersion: 0 } }),
    );
    expect(find(fixture, "s")?.output).toBe(1);
    expect(() => write(fixture, (streams) => streams.append({ streamId: "none", chunks: ["x"] }))).toThrow(
      expect.objectContaining({ code: "not_found" }),
    );
  });

  test("SM4 opening a stream that is there goes on with it, unless it has another type", () => {
    const fixture = new KernelFixture();
    open(fixture);
    append(fixture, "a");
    expect(open(fixture).tail).toBe(1);
    expect(() =>
      write(fixture, (streams) => streams.open({ streamId: "s", contentType: "application/json" })),
    ).toThrow(expect.objectContaining({ code: "conflict" }));
    for (const streamId of ["", "a/b", "__proto__", "x".repeat(129)])
      expect(() => write(fixture, (streams) => streams.open({ streamId }))).toThrow(
        expect.objectContaining({ code: "bad_request" }),
      );
  });

  test("WF5 terminating fails the streams that are open, in the same commit", () => {
    const fixture = new KernelFixture();
    open(fixture);
    fixture.kernel.write(null, fixture.now, (writer) => writer.setLifecycle("terminated"));
    expect(new StreamTable(fixture.sql, 1e6).closed("s")).toMatchObject({
      status: "failed",
      error: { code: "not_writable" },
    });
    expect(fixture.kernel.view.streams).toBeUndefined();
  });
});

describe("what it costs and holds", () => {
  test("SM5 a segment costs one row, and one more every 32", () => {
    const fixture = new KernelFixture({ snapshots: null });
    open(fixture);
    const rows = () =>
      fixture.rows("_sessile_log") + fixture.rows("_sessile_segment") + fixture.rows("_sessile_stream");
    const before = rows();
    for (let n = 0; n < 320; n++) append(fixture, "token ");
    expect(rows() - before).toBe(320 + 9);
    expect(chunks(fixture, "s", 300)).toHaveLength(20);
  });

  test("SM5 a segment far from the last that is in the index is in it too, so that a read does not begin at the start", () => {
    const fixture = new KernelFixture({ snapshots: null });
    open(fixture);
    for (const given of [["a"], ["b"], ["c"], [], ["d"]]) {
      if (given[0] !== "c")
        fixture.kernel.write(null, fixture.now, (writer) => {
          for (let n = 0; n < 4096; n++) writer.append("note", n);
        });
      append(fixture, ...given);
    }
    const index = () => fixture.sql.exec("SELECT at FROM _sessile_segment ORDER BY at").map(({ at }) => at);
    expect(index()).toEqual([0, 1, 3]);
    expect(chunks(fixture, "s", 2)).toEqual(["c", "d"]);
    fixture.kernel.rebuild();
    expect(index()).toEqual([0, 1, 3]);
  });

  test("SM6 a chunk longer than a row is split and read back whole; one above the limit is refused by its name", () => {
    const fixture = new KernelFixture();
    open(fixture);
    const text = "ä€😀".repeat(900_000);
    append(fixture, text);
    fixture.wake();
    expect(chunks(fixture)[0] === text).toBe(true);
    expect(fixture.rows("_sessile_continuation")).toBeGreaterThan(1);
    expect(() => append(fixture, "x".repeat(17 * 1024 * 1024))).toThrow(
      expect.objectContaining({
        code: "limit_exceeded",
        details: { field: "chunk", limit: "maxChunkChars" },
      }),
    );
  });

  test("SM6 chunks that were joined on their way are refused for none but their own length", () => {
    const limits = { ...new KernelFixture().kind.limits, maxChunkChars: 100 };
    const fixture = new KernelFixture({ limits });
    open(fixture);
    const chunk = "x".repeat(60);
    append(fixture, chunk, chunk, chunk);
    expect(chunks(fixture)).toHaveLength(3);
    expect(() => append(fixture, chunk, "x".repeat(101))).toThrow("A chunk is at most 100 characters");
    expect(() => append(fixture, ...Array.from({ length: 1_100 }, () => chunk))).toThrow("an append 65536");
  });

  test("SM7 open streams are in the view with their tail, ended ones are not", () => {
    const fixture = new KernelFixture();
    open(fixture);
    append(fixture, "a", "b");
    expect(fixture.kernel.view.streams?.s).toMatchObject({ tail: 2, chunks: 2, status: "active" });
    write(fixture, (streams) => streams.close("s", { output: null }));
    expect(fixture.kernel.view.streams).toBeUndefined();
  });
});

describe("producers", () => {
  const by = (seq: number, epoch = 0, id = "p") => ({ producer: { id, epoch, seq } });
  const send = (fixture: KernelFixture, seq: number, epoch = 0, id = "p") =>
    write(fixture, (streams) =>
      streams.append({ streamId: "s", chunks: [`${epoch}.${seq}`], ...by(seq, epoch, id) }),
    );

  test("SM8 a repeat is recognised, a gap and an older epoch are refused and say what is expected, through a wake", () => {
    const fixture = new KernelFixture();
    open(fixture);
    expect(send(fixture, 0)).toMatchObject({ at: 0, repeated: false });
    fixture.wake();
    expect(send(fixture, 0)).toMatchObject({ tail: 1, repeated: true });
    expect(() => send(fixture, 2)).toThrow(
      expect.objectContaining({ code: "conflict", details: { field: "producer.seq", currentVersion: 1 } }),
    );
    expect(send(fixture, 0, 3)).toMatchObject({ repeated: false });
    expect(() => send(fixture, 1)).toThrow(
      expect.objectContaining({ code: "fenced", details: { field: "producer.epoch", currentVersion: 3 } }),
    );
    expect(() => send(fixture, 5, 4)).toThrow(expect.objectContaining({ code: "bad_request" }));
    expect(send(fixture, 0, 0, "other")).toMatchObject({ repeated: false });
    expect(chunks(fixture)).toEqual(["0.0", "3.0", "0.0"]);
  });

  test("SM9 the request that closed a stream may be repeated, any other is refused", () => {
    const fixture = new KernelFixture();
    open(fixture);
    send(fixture, 0);
    const close = (seq: number) =>
      write(fixture, (streams) => streams.close("s", { output: seq, ...by(seq) }));
    expect(close(1)).toMatchObject({ repeated: false });
    expect(close(1)).toMatchObject({ repeated: true });
    expect(() => close(2)).toThrow(expect.objectContaining({ code: "not_writable" }));
    expect(() => send(fixture, 0)).toThrow(expect.objectContaining({ code: "not_writable" }));
    expect(
      write(fixture, (streams) => streams.append({ streamId: "s", chunks: ["x"], ...by(1) })),
    ).toMatchObject({ repeated: true });
  });

  test("SM10 an order that does not rise is refused and leaves nothing", () => {
    const fixture = new KernelFixture();
    open(fixture);
    const ordered = (order: string) =>
      write(fixture, (streams) => streams.append({ streamId: "s", chunks: [order], order }));
    ordered("b");
    expect(() => ordered("b")).toThrow(expect.objectContaining({ code: "conflict" }));
    expect(() => ordered("a")).toThrow(expect.objectContaining({ code: "conflict" }));
    ordered("c");
    expect(chunks(fixture)).toEqual(["b", "c"]);
  });
});

describe("withdrawing", () => {
  const step = (fixture: KernelFixture, n: number, ...texts: string[]) =>
    write(fixture, (streams) => streams.append({ streamId: "s", chunks: texts, step: n }));

  test("SM11 cleaning up to a step withdraws later steps' chunks; their offsets are never given again", () => {
    const fixture = new KernelFixture();
    open(fixture);
    step(fixture, 1, "a", "b");
    step(fixture, 2, "c");
    step(fixture, 3, "d");
    const { generation } = find(fixture, "s") ?? { generation: 0 };
    expect(write(fixture, (streams) => streams.cleanUpTo("s", 1))).toBe(2);
    expect(chunks(fixture)).toEqual(["a", "b"]);
    step(fixture, 2, "C");
    expect(read(fixture).map(({ at, to }) => [at, to])).toEqual([
      [0, 2],
      [4, 5],
    ]);
    expect(find(fixture, "s")).toMatchObject({ chunks: 3, tail: 5, withdrawn: [[2, 4]] });
    expect(find(fixture, "s")?.generation).toBeGreaterThan(generation);
    expect(write(fixture, (streams) => streams.cleanUpTo("s", 2))).toBe(0);
    expect(() => step(fixture, 1, "late")).toThrow(expect.objectContaining({ code: "conflict" }));
  });

  test("SM12 a reset withdraws everything, opens an ended stream again, and leaves the log as it is", () => {
    const fixture = new KernelFixture();
    open(fixture);
    append(fixture, "a");
    write(fixture, (streams) => streams.close("s", { output: "a" }));
    const events = fixture.events().length;
    write(fixture, (streams) => streams.reset("s"));
    expect(find(fixture, "s")).toMatchObject({ status: "active", chunks: 0, tail: 1, output: null });
    append(fixture, "b");
    fixture.wake();
    expect(chunks(fixture)).toEqual(["b"]);
    expect(fixture.events()).toHaveLength(events + 2);
    write(fixture, (streams) => streams.close("s", { output: "b" }));
    expect(find(fixture, "s")).toMatchObject({ status: "ended", output: "b", chunks: 1 });
  });

  test("SM13 a deleted stream is gone and its id is free", () => {
    const fixture = new KernelFixture();
    open(fixture);
    append(fixture, "a");
    expect(write(fixture, (streams) => streams.delete("s", "deleted"))).toBe(true);
    expect(find(fixture, "s")).toBeNull();
    expect(write(fixture, (streams) => streams.delete("s", "deleted"))).toBe(false);
    open(fixture);
    append(fixture, "b");
    expect(chunks(fixture)).toEqual(["b"]);
  });
});

test("SM14 any history of streams, with wakes between, reads back as a plain list would, and rebuilds row for row", () => {
  const act = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("append" as const), n: fc.integer({ min: 1, max: 4 }) }),
    },
    fc.record({ do: fc.constant("step" as const) }),
    fc.record({ do: fc.constant("clean" as const), step: fc.nat(6) }),
    fc.record({ do: fc.constantFrom("reset" as const, "end" as const, "wake" as const, "delete" as const) }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("a", "b"), act), { maxLength: 80 }), (history) => {
      const fixture = new KernelFixture({ snapshots: null });
      const model = new Map<
        string,
        { items: { chunk: string; step: number }[]; open: boolean; step: number }
      >();
      let n = 0;
      for (const [streamId, { do: what, ...how }] of history) {
        if (!model.has(streamId)) {
          write(fixture, (streams) => streams.open({ streamId }));
          model.set(streamId, { items: [], open: true, step: 0 });
        }
        const stream = model.get(streamId) as {
          items: { chunk: string; step: number }[];
          open: boolean;
          step: number;
        };
        if (what === "wake") fixture.wake();
        if (what === "reset") {
          write(fixture, (streams) => streams.reset(streamId));
          Object.assign(stream, { items: [], open: true, step: 0 });
        }
        if (what === "delete") {
          write(fixture, (streams) => streams.delete(streamId, "deleted"));
          model.delete(streamId);
        }
        if (!stream.open || !model.has(streamId)) continue;
        if (what === "end") {
          write(fixture, (streams) => streams.close(streamId, { output: null }));
          stream.open = false;
        }
        if (what === "step") stream.step += 1;
        if (what === "clean") {
          const { step } = how as { step: number };
          write(fixture, (streams) => streams.cleanUpTo(streamId, step));
          stream.items = stream.items.filter((item) => item.step <= step);
          stream.step = Math.min(stream.step, step);
        }
        if (what === "append") {
          const texts = Array.from({ length: (how as { n: number }).n }, () => `c${n++}`);
          write(fixture, (streams) => streams.append({ streamId, chunks: texts, step: stream.step }));
          stream.items.push(...texts.map((chunk) => ({ chunk, step: stream.step })));
        }
      }
      for (const [streamId, { items }] of model) {
        expect(chunks(fixture, streamId)).toEqual(items.map(({ chunk }) => chunk));
        expect(find(fixture, streamId)?.chunks).toBe(items.length);
      }
      const tables = () =>
        ["_sessile_stream", "_sessile_segment"].map((table) =>
          fixture.sql.exec(`SELECT * FROM ${table} ORDER BY 1, 2`),
        );
      const before = tables();
      const { view } = fixture.kernel;
      fixture.kernel.rebuild();
      expect(tables()).toEqual(before);
      expect(JSON.stringify(fixture.kernel.view)).toBe(JSON.stringify(view));
    }),
    { numRuns: 60 },
  );
});
