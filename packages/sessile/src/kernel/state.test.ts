import { describe, expect, test } from "vitest";
import { SessileError } from "../protocol/error.ts";
import { defaultLimits } from "../protocol/limits.ts";
import { ada, KernelFixture } from "../testing/kernel-fixture.ts";
import { runCommand } from "./run-command.ts";

describe("state", () => {
  test("ST1 a new session's state is initialState, and a wake finds what was written last", () => {
    const fixture = new KernelFixture();
    expect(fixture.kernel.view.state).toEqual({ count: 0 });
    fixture.one({ op: "setState", state: { count: 5 } });
    expect(fixture.wake().view.state).toEqual({ count: 5 });
  });

  test("ST2 setState replaces the whole state and never merges", () => {
    const fixture = new KernelFixture();
    fixture.one({ op: "setState", state: { a: 1, b: 2 } });
    fixture.one({ op: "setState", state: { b: 3 } });
    expect(fixture.kernel.view.state).toEqual({ b: 3 });
  });

  test("ST3 the state is frozen in depth and owes nothing to the object it came from", () => {
    const fixture = new KernelFixture();
    const mine = { list: [{ deep: 1 }] };
    fixture.kernel.write(ada, fixture.now, (writer) => writer.setState(mine));
    mine.list[0]!.deep = 2;
    const state = fixture.kernel.view.state as typeof mine;
    expect(state.list[0]?.deep).toBe(1);
    expect(() => {
      state.list[0]!.deep = 3;
    }).toThrow(TypeError);
    expect(Object.isFrozen((fixture.wake().view.state as typeof mine).list[0])).toBe(true);
  });

  test.each([
    ["a Date", { at: new Date() }, "state.at"],
    ["a Map", { m: new Map() }, "state.m"],
    ["a function", { list: [1, () => 1] }, "state.list[1]"],
    ["NaN", { n: Number.NaN }, "state.n"],
    ["a bigint", { n: 1n }, "state.n"],
    ["undefined in an array", { list: [undefined] }, "state.list[0]"],
    ["a class instance", { e: new (class Thing {})() }, "state.e"],
    ["a __proto__ key", JSON.parse('{"__proto__":{"x":1}}'), "state.__proto__"],
  ])("ST4 what JSON cannot hold is refused with the path to it: %s", (_name, value, field) => {
    const fixture = new KernelFixture();
    const write = () => fixture.kernel.write(ada, fixture.now, (writer) => writer.setState(value));
    expect(write).toThrow(
      expect.objectContaining({ code: "bad_request", details: expect.objectContaining({ field }) }),
    );
    expect(fixture.kernel.view.lastSeq).toBe(2);
  });

  test("ST5 compare-and-set by version: one of two writers wins, the other learns the version there is", () => {
    const fixture = new KernelFixture();
    const { version } = fixture.kernel.view;
    const { outcomes } = fixture.send([
      { op: "setState", state: 1, ifVersion: version },
      { op: "setState", state: 2, ifVersion: version },
    ]);
    expect(outcomes[0]).toMatchObject({ ok: true, seq: 3 });
    expect(outcomes[1]).toMatchObject({
      ok: false,
      error: { code: "precondition_failed", details: { currentVersion: 3 } },
    });
    expect(fixture.kernel.view).toMatchObject({ state: 1, version: 3 });
  });

  test("ST6 a state over the ceiling is refused by name and changes nothing", () => {
    const fixture = new KernelFixture({ limits: { ...defaultLimits, maxStateChars: 100 } });
    expect(fixture.one({ op: "setState", state: "x".repeat(99) })).toMatchObject({
      ok: false,
      error: { code: "limit_exceeded", details: { limit: "maxStateChars" } },
    });
    expect(fixture.kernel.view.state).toEqual({ count: 0 });
  });

  test("ST6 a refusal that is caught leaves the change before it", () => {
    const fixture = new KernelFixture({ limits: { ...defaultLimits, maxStateChars: 100 } });
    fixture.kernel.write(null, fixture.now, (writer) => {
      writer.setState({ count: 1 });
      expect(() => writer.setState("x".repeat(99))).toThrow("100 are allowed");
      writer.append("message", "too long");
    });
    expect(fixture.kernel.view.state).toEqual({ count: 1 });
    expect(fixture.wake().view.state).toEqual({ count: 1 });
  });

  test("ST7 a state above the platform's row limit is kept without loss", () => {
    const fixture = new KernelFixture();
    const big = { text: "é".repeat(3_000_000) };
    expect(fixture.one({ op: "setState", state: big })).toMatchObject({ ok: true });
    expect(fixture.wake().view.state).toEqual(big);
  });

  test("ST8 validateState may veto, for clients and for the kind itself", () => {
    const fixture = new KernelFixture({
      validateState: (next) => {
        if ((next as { count: number }).count < 0)
          throw new SessileError("rejected", "count must not be negative");
      },
    });
    expect(fixture.one({ op: "setState", state: { count: -1 } })).toMatchObject({
      ok: false,
      error: { code: "rejected" },
    });
    expect(() => fixture.kernel.write(null, fixture.now, (writer) => writer.setState({ count: -1 }))).toThrow(
      "negative",
    );
  });

  test("ST8 what a check throws is a refusal, and only a SessileError shows its text", () => {
    const fixture = new KernelFixture({
      validateState: () => {
        throw new Error("secret");
      },
    });
    const outcome = fixture.one({ op: "setState", state: 1 });
    expect(outcome).toMatchObject({ ok: false, error: { code: "rejected" } });
    expect(JSON.stringify(outcome.ok || outcome.error.toWire())).not.toContain("secret");
  });

  test("ST9 clients write state only where the kind allows it", () => {
    const fixture = new KernelFixture({
      clientWrites: { state: false, status: false, events: ["note.added"] },
    });
    expect(fixture.one({ op: "setState", state: 1 })).toMatchObject({
      ok: false,
      error: { code: "forbidden" },
    });
    expect(fixture.one({ op: "setStatus", to: "open" })).toMatchObject({
      ok: false,
      error: { code: "forbidden" },
    });
    expect(fixture.append("a", 1, "message")).toMatchObject({ ok: false, error: { code: "forbidden" } });
    expect(fixture.append("a", 1, "note.added")).toMatchObject({ ok: true });
  });

  test("ST10 reset goes back to initialState as one more change", () => {
    const fixture = new KernelFixture();
    fixture.one({ op: "setState", state: { count: 9 } });
    expect(fixture.one({ op: "reset" })).toMatchObject({ ok: true, seq: 4 });
    expect(fixture.kernel.view).toMatchObject({ state: { count: 0 }, version: 4 });
  });
});

describe("events of clients", () => {
  test.each([
    "state.changed",
    "gate.opened",
    "session.created",
    "timer.x",
    "voice.started",
    "Bad",
    "a..b",
    "",
    "x".repeat(65),
  ])("ST11 reserved and malformed event types are refused: %j", (type) => {
    const fixture = new KernelFixture();
    expect(fixture.append("a", 1, type)).toMatchObject({
      ok: false,
      error: { code: "bad_request", details: { field: "type" } },
    });
  });

  test("ST12 a payload over the limit is refused by name, and validateEvent may veto", () => {
    const fixture = new KernelFixture({
      limits: { ...defaultLimits, maxPayloadChars: 1000 },
      validateEvent: (type) => {
        if (type === "bad") throw new SessileError("rejected", "no");
      },
    });
    for (const payload of ["x".repeat(1000), Array(600).fill(1), { a: { b: "x".repeat(1000) } }]) {
      expect(fixture.append("a", payload)).toMatchObject({
        ok: false,
        error: { details: { limit: "maxPayloadChars" } },
      });
    }
    expect(fixture.append("a", 1, "bad")).toMatchObject({ ok: false, error: { code: "rejected" } });
    expect(fixture.append("a", "x".repeat(900))).toMatchObject({ ok: true });
    // Written anew it is longer than the 900 characters it came in.
    const long = { op: "append", type: "message", payload: Array(190).fill(1e20) } as const;
    expect(() =>
      fixture.kernel.write(null, fixture.now, (writer) => runCommand(long, writer, fixture.kind, 900)),
    ).toThrow("at most 1000 characters");
    // 999 characters, though many values.
    expect(fixture.append("b", Array(499).fill(1))).toMatchObject({ ok: true });
  });
});
