import { describe, expect, test } from "vitest";
import type { Command } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import { ada, KernelFixture } from "../testing/kernel-fixture.ts";

const message = (id: string) => ({ op: "append", id, type: "message", payload: null }) as const;

/** A kind with a table and methods that write and then succeed or fail. */
function fixtureWithMethods() {
  let runs = 0;
  const fixture: KernelFixture = new KernelFixture({
    migrations: [{ version: 1, name: "t", up: (sql) => void sql.exec("CREATE TABLE t (a)") }],
    method: (name) => () => {
      runs += 1;
      fixture.sql.exec("INSERT INTO t VALUES (?)", name);
      fixture.kernel.write(undefined, fixture.now, (writer) => {
        writer.append("called", name);
        writer.setState({ last: name });
      });
      if (name === "fails") throw new Error("secret detail");
      if (name === "promises") return Promise.resolve();
      return fixture.kernel.view.state;
    },
  });
  return { fixture, runs: () => runs };
}

const call = (method: string, id = method): Command => ({ op: "call", id, method, args: [] });

describe("commits", () => {
  test("CM1 commands waiting together become one commit in their order", () => {
    const fixture = new KernelFixture();
    const { stored, outcomes } = fixture.send([message("a"), message("b"), message("c")]);
    expect(stored).toMatchObject({ firstSeq: 3, lastSeq: 5 });
    expect(outcomes.map((outcome) => outcome.ok && outcome.seq)).toEqual([3, 4, 5]);
  });

  test("CM2 a command that fails leaves nothing, in tables, log or memory, and the others are committed", () => {
    const { fixture } = fixtureWithMethods();
    const { outcomes } = fixture.send([
      message("a"),
      call("works"),
      call("fails"),
      message("b"),
      call("works", "again"),
    ]);
    expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, true, false, true, true]);
    expect(fixture.sql.exec("SELECT a FROM t").map((row) => row.a)).toEqual(["works", "works"]);
    expect(fixture.events(2).map((event) => [event.type, event.clientEventId])).toEqual([
      ["message", "a"],
      ["called", "works"],
      ["state.changed", null],
      ["message", "b"],
      ["called", "again"],
      ["state.changed", null],
    ]);
    expect(fixture.kernel.view.state).toEqual({ last: "works" });
  });

  test("CM3 a command alone in its commit runs once, also when it fails", () => {
    const { fixture, runs } = fixtureWithMethods();
    expect(fixture.one(call("fails"))).toMatchObject({ ok: false, error: { code: "internal" } });
    expect(runs()).toBe(1);
    expect(fixture.rows("t")).toBe(0);
    expect(fixture.kernel.view.lastSeq).toBe(2);
  });

  test("CM4 a failure of the kind's own code shows nothing of its inside", () => {
    const { fixture } = fixtureWithMethods();
    const outcome = fixture.one(call("fails"));
    expect(JSON.stringify(outcome.ok || outcome.error.toWire())).not.toContain("secret");
  });

  test("CM5 a synchronous method that returns a promise is refused and leaves nothing", () => {
    const { fixture } = fixtureWithMethods();
    expect(fixture.one(call("promises"))).toMatchObject({ ok: false });
    expect([fixture.rows("t"), fixture.kernel.view.lastSeq]).toEqual([0, 2]);
  });

  test("CM6 a command sees its own writes at once; the committed view stays until the commit", () => {
    const seen: unknown[] = [];
    const fixture: KernelFixture = new KernelFixture({
      method: () => () => {
        fixture.kernel.write(undefined, fixture.now, (writer) => writer.setState({ count: 7 }));
        seen.push(fixture.kernel.view.state, fixture.kernel.committedView.state);
      },
    });
    fixture.one(call("any"));
    expect(seen).toEqual([{ count: 7 }, { count: 0 }]);
    expect(fixture.kernel.committedView.state).toEqual({ count: 7 });
  });

  test("CM7 when the commit itself fails, memory is what the disk says", () => {
    const fixture = new KernelFixture();
    fixture.append("p.1.1");
    const transaction = fixture.sql.transaction.bind(fixture.sql);
    let broken = true;
    fixture.sql.transaction = ((body: () => never) =>
      transaction(() => {
        const value = body();
        if (broken) throw new Error("disk full");
        return value;
      })) as typeof fixture.sql.transaction;
    expect(() => fixture.send([message("p.1.2"), message("foreign")])).toThrow("disk full");
    expect(fixture.kernel.view.lastSeq).toBe(3);
    broken = false;
    expect(fixture.append("p.1.2")).toMatchObject({ ok: true, seq: 4, repeated: false });
    expect(fixture.append("p.1.2")).toMatchObject({ ok: true, seq: 4, repeated: true });
  });

  test("CM7 a lone append whose one statement fails leaves nothing either", () => {
    const fixture = new KernelFixture();
    const exec = fixture.sql.exec.bind(fixture.sql);
    let broken = true;
    fixture.sql.exec = (query, ...values) => {
      if (broken && query.startsWith("INSERT INTO _sessile_log")) throw new Error("disk full");
      return exec(query, ...values);
    };
    expect(() => fixture.append("p.1.1")).toThrow("disk full");
    expect(fixture.kernel.view.lastSeq).toBe(2);
    broken = false;
    expect(fixture.append("p.1.1")).toMatchObject({ ok: true, seq: 3, repeated: false });
  });

  test("CM8 a write outside a command is a commit of its own, and throws what its body threw after undoing it", () => {
    const fixture = new KernelFixture();
    const mine = new SessileError("rejected", "mine");
    expect(() =>
      fixture.kernel.write(ada, fixture.now, (writer) => {
        writer.append("message", 1);
        throw mine;
      }),
    ).toThrow(mine);
    expect(fixture.kernel.view.lastSeq).toBe(2);
    expect(fixture.kernel.write(ada, fixture.now, (writer) => writer.append("message", 1)).value).toBe(3);
  });

  test("CM9 commands of clients are refused unless the session is active; reads go on", () => {
    const fixture = new KernelFixture();
    fixture.one({ op: "setLifecycle", to: "paused" });
    expect(fixture.append("a")).toMatchObject({ ok: false, error: { code: "not_writable" } });
    fixture.one({ op: "setLifecycle", to: "active" });
    expect(fixture.append("a")).toMatchObject({ ok: true });
    fixture.one({ op: "setLifecycle", to: "terminated" });
    expect(fixture.append("b")).toMatchObject({ ok: false, error: { code: "not_writable" } });
    expect(fixture.one({ op: "setLifecycle", to: "active" })).toMatchObject({
      ok: false,
      error: { code: "illegal_transition" },
    });
    expect(fixture.events().length).toBe(7);
  });
});
