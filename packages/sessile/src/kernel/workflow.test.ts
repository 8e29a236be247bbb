import { describe, expect, test } from "vitest";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import { assertTransition, workflow } from "./workflow.ts";

describe("workflow and lifecycle", () => {
  test("WF1 the status moves along the kind's transitions only", () => {
    const fixture = new KernelFixture();
    expect(fixture.kernel.view.status).toBe("new");
    expect(fixture.one({ op: "setStatus", to: "done" })).toMatchObject({
      ok: false,
      error: { code: "illegal_transition", details: { current: "new", currentVersion: 1 } },
    });
    expect(fixture.one({ op: "setStatus", to: "nowhere" })).toMatchObject({
      ok: false,
      error: { code: "bad_request" },
    });
    expect(fixture.one({ op: "setStatus", to: "open" })).toMatchObject({ ok: true });
    expect(fixture.one({ op: "setStatus", to: "constructor" })).toMatchObject({
      ok: false,
      error: { code: "bad_request" },
    });
  });

  test("WF1 from a status that the kind has no more nothing is reached, whatever it is called", () => {
    const definition = workflow({ initial: "new", transitions: { new: ["done"], done: [] } });
    for (const from of ["gone", "constructor", "hasOwnProperty"])
      expect(() => assertTransition(definition, from, "done", 1)).toThrow(
        expect.objectContaining({ code: "illegal_transition" }),
      );
  });

  test("WF2 a status without successors is final", () => {
    const fixture = new KernelFixture();
    fixture.one({ op: "setStatus", to: "open" });
    fixture.one({ op: "setStatus", to: "done" });
    for (const to of ["new", "open", "done"])
      expect(fixture.one({ op: "setStatus", to })).toMatchObject({ ok: false });
  });

  test("WF3 compare-and-set: of two writers with one version one wins, and the other learns what is there now", () => {
    const fixture = new KernelFixture();
    fixture.one({ op: "setStatus", to: "open" });
    const expectedVersion = fixture.kernel.view.statusVersion;
    const { outcomes } = fixture.send([
      { op: "setStatus", to: "done", expectedVersion },
      { op: "setStatus", to: "new", expectedVersion },
    ]);
    expect(outcomes[0]).toMatchObject({ ok: true });
    expect(outcomes[1]).toMatchObject({
      ok: false,
      error: { code: "conflict", details: { current: "done", currentVersion: 4 } },
    });
  });

  test("WF4 the lifecycle is compare-and-set too, and terminated is final", () => {
    const fixture = new KernelFixture();
    expect(fixture.one({ op: "setLifecycle", to: "paused", expectedVersion: 1 })).toMatchObject({
      ok: false,
      error: { code: "conflict", details: { current: "active", currentVersion: 2 } },
    });
    expect(fixture.one({ op: "setLifecycle", to: "paused", expectedVersion: 2 })).toMatchObject({ ok: true });
    expect(fixture.one({ op: "setLifecycle", to: "terminated" })).toMatchObject({ ok: true });
    for (const to of ["active", "paused", "initializing", "terminated"] as const) {
      expect(fixture.one({ op: "setLifecycle", to })).toMatchObject({
        ok: false,
        error: { code: "illegal_transition" },
      });
    }
  });

  test("WF5 terminating closes what waits: gates expire, timers go, work fails, in the same commit", () => {
    const fixture = new KernelFixture();
    fixture.kernel.write(null, fixture.now, (writer) => {
      writer.openGate({ gateId: "g", title: "?" });
      writer.setTimer({ timerId: "t", name: "n", dueAt: fixture.now + 1 });
      writer.startWork({ workId: "w", name: "n", input: null });
    });
    const { stored } = fixture.send([{ op: "setLifecycle", to: "terminated" }]);
    expect(fixture.events((stored?.firstSeq ?? 0) - 1).map((event) => event.type)).toEqual([
      "gate.expired",
      "work.failed",
      "timer.cancelled",
      "session.lifecycle_changed",
      "snapshot.sealed",
    ]);
    expect(fixture.kernel.view).toMatchObject({ gates: {}, work: {} });
    expect(fixture.kernel.due.next()).toBeNull();
  });

  test("WF6 a kind without a workflow has no status to set; a workflow naming an unknown status does not load", () => {
    const fixture = new KernelFixture({ workflow: undefined });
    expect(fixture.kernel.view.status).toBeNull();
    expect(fixture.one({ op: "setStatus", to: "open" })).toMatchObject({
      ok: false,
      error: { code: "bad_request" },
    });
    const unknown = { initial: "a", transitions: { a: ["b"] } } as never;
    expect(() => workflow(unknown)).toThrow("b is not a status");
  });
});
