import { describe, expect, test } from "vitest";
import type { Command } from "../protocol/command.ts";
import { defaultLimits } from "../protocol/limits.ts";
import { bob, KernelFixture } from "../testing/kernel-fixture.ts";

const message = (id: string, payload: number) => ({ op: "append", id, type: "message", payload }) as const;

describe("exactly once", () => {
  test("EO1 a repeated client event id answers with the event there is and runs nothing", () => {
    const fixture = new KernelFixture();
    for (const id of ["foreign-id", "p.1.1"]) {
      const first = fixture.one(message(id, 1));
      const again = fixture.one(message(id, 2));
      expect(again).toEqual({ ...first, repeated: true });
    }
    expect(fixture.events(2).map((event) => event.payload)).toEqual([1, 1]);
  });

  test("EO2 a repeat inside the same commit is recognised too", () => {
    const fixture = new KernelFixture();
    const { outcomes } = fixture.send([
      message("p.1.1", 1),
      message("p.1.1", 2),
      message("x", 3),
      message("x", 4),
    ]);
    expect(outcomes.map((outcome) => outcome.ok && [outcome.seq, outcome.repeated])).toEqual([
      [3, false],
      [3, true],
      [4, false],
      [4, true],
    ]);
  });

  test("EO3 positions of a producer are recognised after a wake, whether or not a checkpoint lay between", () => {
    const fixture = new KernelFixture();
    for (let n = 0; n < 150; n++) {
      fixture.append(`p.1.${n}`, n);
      if (n % 50 === 49) fixture.wake();
    }
    for (const n of [0, 63, 64, 65, 149]) {
      expect(fixture.one(message(`p.1.${n}`, -1))).toMatchObject({ ok: true, repeated: true, seq: n + 3 });
    }
    expect(fixture.kernel.view.lastSeq).toBe(152);
  });

  test("EO4 a position that was skipped is applied when it comes late, once", () => {
    const fixture = new KernelFixture();
    fixture.append("p.1.1", 1);
    fixture.append("p.1.3", 3);
    expect(fixture.append("p.1.2", 2)).toMatchObject({ ok: true, repeated: false });
    expect(fixture.append("p.1.2", 2)).toMatchObject({ ok: true, repeated: true });
    expect(fixture.events(2).map((event) => event.payload)).toEqual([1, 3, 2]);
  });

  test("EO4 a late position is found again wherever it lies: far back, and in a commit longer than a row", () => {
    const fixture = new KernelFixture({ limits: { ...defaultLimits, maxRowBytes: 600 } });
    fixture.append("p.1.1", "\u{1f9ed}".repeat(400));
    fixture.append("p.1.9", '"p.1.5" in a payload is no id');
    for (let n = 0; n < 40; n++) fixture.append(`q.1.${n}`, n);
    fixture.append("p.1.5", "late");
    for (let n = 40; n < 80; n++) fixture.append(`q.1.${n}`, n);
    for (const id of ["p.1.1", "p.1.5", "p.1.9", "q.1.0"])
      expect(fixture.append(id, "again")).toMatchObject({ ok: true, repeated: true });
    expect(fixture.append("p.1.4", "later")).toMatchObject({ ok: true, repeated: false });
  });

  test("EO5 a higher epoch takes over and a lower one is fenced", () => {
    const fixture = new KernelFixture();
    fixture.append("p.1.7", 1);
    expect(fixture.append("p.2.0", 2)).toMatchObject({ ok: true, repeated: false });
    expect(fixture.append("p.1.8", 3)).toMatchObject({ ok: false, error: { code: "fenced" } });
    fixture.wake();
    expect(fixture.append("p.1.9", 3)).toMatchObject({ ok: false, error: { code: "fenced" } });
    expect(fixture.append("p.2.0", 2)).toMatchObject({ ok: true, repeated: true });
  });

  test("EO6 a producer belongs to the actor who used it first", () => {
    const fixture = new KernelFixture();
    fixture.append("p.1.1", 1);
    expect(fixture.one(message("p.1.2", 2), bob)).toMatchObject({ ok: false, error: { code: "fenced" } });
    expect(fixture.append("p.1.2", 2)).toMatchObject({ ok: true });
  });

  test("EO5 EO6 fencing holds inside one commit too", () => {
    const fixture = new KernelFixture();
    const { outcomes } = fixture.kernel.transact(
      [
        fixture.task(message("p.1.1", 1)),
        fixture.task(message("p.2.0", 2)),
        fixture.task(message("p.1.2", 3)),
        fixture.task(message("p.2.0", 4), bob),
        fixture.task(message("p.2.1", 5)),
      ],
      fixture.now,
    );
    const fenced = { ok: false, error: { code: "fenced" } };
    expect(outcomes).toMatchObject([{ ok: true }, { ok: true }, fenced, fenced, { ok: true }]);
    expect(fixture.events(2).map((event) => event.payload)).toEqual([1, 2, 5]);
  });

  test("EO6 a foreign id belongs to the actor who used it first, and so does the event that carries it", () => {
    const method = () => () =>
      void fixture.kernel.write(null, fixture.now, (writer) => {
        writer.append("message", "of the session");
        writer.append("message", "too");
      });
    const fixture: KernelFixture = new KernelFixture({ method });
    fixture.append("theirs", 1);
    expect(fixture.one(message("theirs", 2), bob)).toMatchObject({ ok: false, error: { code: "fenced" } });
    fixture.one({ op: "call", id: "p.1.1", method: "any", args: [] });
    expect(fixture.events(3).map((event) => event.actor?.id ?? null)).toEqual(["ada", null]);
    fixture.wake();
    expect(fixture.append("p.1.2", 2)).toMatchObject({ ok: true });
  });

  test("EO7 a command that was refused may be sent again with its id", () => {
    const fixture = new KernelFixture();
    expect(fixture.one({ op: "setStatus", id: "p.1.1", to: "done" })).toMatchObject({ ok: false });
    fixture.one({ op: "setStatus", id: "p.1.2", to: "open" });
    expect(fixture.one({ op: "setStatus", id: "p.1.1", to: "done" })).toMatchObject({
      ok: true,
      repeated: false,
    });
  });

  test("EO8 a repeated call answers what the first one answered", () => {
    const method = () => () => {
      fixture.kernel.write(undefined, fixture.now, (writer) => writer.append("called", null));
      return { answer: fixture.kernel.view.lastSeq };
    };
    const fixture = new KernelFixture({ method });
    const call: Command = { op: "call", id: "c", method: "any", args: [] };
    const first = fixture.one(call);
    expect(first).toMatchObject({ ok: true, repeated: false, result: { answer: 2 } });
    fixture.append("later");
    expect(fixture.one(call)).toEqual({ ...first, repeated: true });
    expect(fixture.events().filter((event) => event.type === "called")).toHaveLength(1);
  });

  test("EO9 one commit of one producer costs no row of its own; a foreign id costs one", () => {
    const fixture = new KernelFixture();
    for (let n = 0; n < 10; n++) fixture.append(`p.1.${n}`, n);
    expect([fixture.rows("_sessile_producer"), fixture.rows("_sessile_client_event")]).toEqual([0, 0]);
    fixture.append("foreign");
    expect(fixture.rows("_sessile_client_event")).toBe(1);
  });
});
