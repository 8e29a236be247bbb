import { describe, expect, test } from "vitest";
import type { GateOutcome } from "../protocol/gate.ts";
import { ada, bob, KernelFixture } from "../testing/kernel-fixture.ts";
import { listGates } from "./gates.ts";
import { readStep, runningWork } from "./work.ts";

function withGate(expiresIn?: number) {
  const settled: [string, GateOutcome][] = [];
  const fixture: KernelFixture = new KernelFixture({
    gateSettled: (gate, outcome) => {
      settled.push([gate.gateId, outcome]);
      fixture.kernel.write(undefined, fixture.now, (writer) => writer.append("heard", gate.gateId));
    },
  });
  fixture.kernel.write(null, fixture.now, (writer) =>
    writer.openGate({
      gateId: "g",
      title: "Isolate host?",
      ...(expiresIn === undefined ? {} : { expiresAt: fixture.now + expiresIn }),
    }),
  );
  return { fixture, settled };
}

const answer = (value: string, id?: string) =>
  ({ op: "answerGate", gateId: "g", answer: value, ...(id ? { id } : {}) }) as const;

describe("gates", () => {
  test("GA1 a gate waits across wakes and is answered once; the second answer learns the first", () => {
    const { fixture } = withGate();
    fixture.wake();
    expect(Object.keys(fixture.kernel.view.gates)).toEqual(["g"]);
    expect(fixture.one(answer("approve"), ada)).toMatchObject({ ok: true });
    expect(fixture.one(answer("reject"), bob)).toMatchObject({
      ok: false,
      error: { code: "gate_closed", details: { current: "approve" } },
    });
    expect(fixture.kernel.view.gates).toEqual({});
  });

  test("GA2 two answers in one commit: one wins", () => {
    const { fixture, settled } = withGate();
    const { outcomes } = fixture.send([answer("reject", "a"), answer("approve", "b")]);
    expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, false]);
    expect(fixture.events().filter((event) => event.type === "gate.answered")).toHaveLength(1);
    expect(settled.at(-1)).toMatchObject(["g", { status: "answered", answer: "reject", comment: null }]);
  });

  test("GA3 an answer that is no option, or to a gate that is not there, is refused", () => {
    const { fixture } = withGate();
    expect(fixture.one(answer("maybe"))).toMatchObject({
      ok: false,
      error: { code: "bad_request", details: { field: "answer" } },
    });
    expect(fixture.one({ ...answer("approve"), gateId: "h" })).toMatchObject({
      ok: false,
      error: { code: "not_found" },
    });
  });

  test("GA4 an expired gate is recorded as expired, never as an answer, and takes none", () => {
    const { fixture } = withGate(1000);
    fixture.now += 1000;
    expect(fixture.kernel.due.due(fixture.now).map((timer) => timer.timerId)).toEqual(["gate:g"]);
    expect(fixture.one(answer("approve"))).toMatchObject({ ok: false, error: { code: "gate_closed" } });
    fixture.kernel.write(null, fixture.now, (writer) => writer.gateRang("g"));
    fixture.kernel.write(null, fixture.now, (writer) => writer.gateRang("g"));
    expect(fixture.events().filter((event) => event.type === "gate.expired")).toHaveLength(1);
    expect(listGates(fixture.sql)).toMatchObject([{ outcome: { status: "expired" } }]);
    expect(fixture.kernel.due.next()).toBeNull();
  });

  test("GA5 the kind hears the outcome in the commit that settles the gate", () => {
    const { fixture } = withGate();
    const { stored } = fixture.send([answer("approve")]);
    expect(fixture.events((stored?.firstSeq ?? 0) - 1).map((event) => [event.type, event.actor?.id])).toEqual(
      [
        ["gate.answered", "ada"],
        ["heard", "ada"],
      ],
    );
  });

  test("GA6 opening a gate that is there is a no-op, answered or not", () => {
    const { fixture } = withGate();
    const before = fixture.kernel.view.lastSeq;
    fixture.kernel.write(null, fixture.now, (writer) => writer.openGate({ gateId: "g", title: "again" }));
    expect(fixture.kernel.view.lastSeq).toBe(before);
  });
});

describe("timers", () => {
  test("TI1 timers are due in order of time, survive a wake, and setting one again moves it", () => {
    const fixture = new KernelFixture();
    fixture.kernel.write(null, fixture.now, (writer) => {
      writer.setTimer({ timerId: "late", name: "n", dueAt: fixture.now + 200 });
      writer.setTimer({ timerId: "early", name: "n", dueAt: fixture.now + 100, input: { a: 1 } });
      writer.setTimer({ timerId: "late", name: "n", dueAt: fixture.now + 50 });
    });
    fixture.wake();
    expect(fixture.kernel.due.next()).toBe(fixture.now + 50);
    expect(fixture.kernel.due.due(fixture.now + 99).map((timer) => timer.timerId)).toEqual(["late"]);
    expect(fixture.kernel.due.due(fixture.now + 100).map((timer) => timer.timerId)).toEqual([
      "late",
      "early",
    ]);
    expect(fixture.kernel.due.due(fixture.now + 100)[1]?.input).toEqual({ a: 1 });
  });

  test("TI2 a timer fires once: one that was moved or cancelled while its handler ran stays as it is now", () => {
    const fixture = new KernelFixture();
    const set = (dueAt: number) =>
      fixture.kernel.write(null, fixture.now, (writer) =>
        writer.setTimer({ timerId: "t", name: "n", dueAt }),
      );
    set(1);
    const [old] = fixture.kernel.due.due(1);
    set(2);
    const fire = () =>
      fixture.kernel.write(null, fixture.now, (writer) => old && writer.fireTimer(old)).value;
    expect(fire()).toBe(false);
    set(1);
    expect(fire()).toBe(true);
    expect(fire()).toBe(false);
    expect(fixture.events().filter((event) => event.type === "timer.fired")).toHaveLength(1);
  });

  test("TI3 a timer that failed is put off and counts its failures", () => {
    const fixture = new KernelFixture();
    fixture.kernel.write(null, fixture.now, (writer) =>
      writer.setTimer({ timerId: "t", name: "n", dueAt: 1 }),
    );
    fixture.kernel.due.postpone({ timerId: "t", dueAt: 1 }, 10);
    fixture.kernel.due.postpone({ timerId: "t", dueAt: 10 }, 20);
    expect(fixture.kernel.due.due(20)).toMatchObject([{ timerId: "t", dueAt: 20, attempts: 2 }]);
    expect(fixture.kernel.due.due(19)).toEqual([]);
  });

  test("TI2 the library's own due work is no timer, and cannot be cancelled as one", () => {
    const { kernel, now } = new KernelFixture();
    kernel.write(null, now, (writer) => {
      writer.openGate({ gateId: "x", title: "?", expiresAt: now + 5 });
      expect(writer.cancelTimer("gate:x")).toBe(false);
    });
    expect(kernel.due.dueAt("gate:x")).toBe(now + 5);
  });

  test("OB16 however many handlers hang, what is due after them is found", () => {
    const { kernel, now } = new KernelFixture();
    kernel.write(null, now, (writer) => {
      for (let n = 0; n <= 64; n++) writer.setTimer({ timerId: `t${n}`, name: "n", dueAt: now + n });
    });
    const due = () => kernel.due.due(now + 64).map(({ timerId }) => timerId);
    const first = kernel.due.due(now + 64);
    expect(first).toHaveLength(64);
    for (const timer of first) kernel.due.hold(timer);
    expect(due()).toEqual(["t64"]);
    for (const timer of first.slice(0, 2)) kernel.due.release(timer);
    expect(due()).toEqual(["t0", "t1", "t64"]);
  });

  test("TI2 a timer that was moved while its handler failed stays where it was moved to", () => {
    const fixture = new KernelFixture();
    const set = (dueAt: number) =>
      fixture.kernel.write(null, fixture.now, (writer) =>
        writer.setTimer({ timerId: "t", name: "n", dueAt }),
      );
    set(1);
    set(50);
    fixture.kernel.due.postpone({ timerId: "t", dueAt: 1 }, 10);
    expect(fixture.kernel.due.due(50)).toMatchObject([{ timerId: "t", dueAt: 50, attempts: 0 }]);
    expect(fixture.kernel.due.due(49)).toEqual([]);
  });
});

describe("work", () => {
  test("WO1 work is started once by its id, runs until it ends, and a wake finds it and its finished steps", () => {
    const fixture = new KernelFixture();
    const work = { workId: "w", name: "investigate", input: { host: "a" } };
    const start = () => fixture.kernel.write(ada, fixture.now, (writer) => writer.startWork(work)).value;
    expect([start(), start()]).toEqual([true, false]);
    fixture.kernel.write(null, fixture.now, (writer) => writer.completeStep("w", "one", { found: 1 }));
    fixture.wake();
    expect(runningWork(fixture.sql, "w")).toEqual(work);
    expect(readStep(fixture.sql, "w", "one")).toEqual({ result: { found: 1 } });
    fixture.kernel.write(null, fixture.now, (writer) => writer.completeWork("w", null));
    expect(runningWork(fixture.sql, "w")).toBeNull();
    expect(start()).toBe(false);
  });

  test("WO2 a step is journaled once: the first result stands", () => {
    const fixture = new KernelFixture();
    fixture.kernel.write(ada, fixture.now, (writer) =>
      writer.startWork({ workId: "w", name: "n", input: null }),
    );
    const complete = (result: number) =>
      fixture.kernel.write(null, fixture.now, (writer) => writer.completeStep("w", "s", result)).value;
    expect([complete(1), complete(2)]).toEqual([true, false]);
    expect(readStep(fixture.sql, "w", "s")).toEqual({ result: 1 });
  });

  test("WO3 ended work records no more steps", () => {
    const fixture = new KernelFixture();
    fixture.kernel.write(ada, fixture.now, (writer) => {
      writer.startWork({ workId: "w", name: "n", input: null });
      writer.failStep("w", "s", 1, "no answer");
      writer.failWork("w", "gave up");
    });
    const late = () => fixture.kernel.write(null, fixture.now, (writer) => writer.completeStep("w", "s", 1));
    expect(late).toThrow(expect.objectContaining({ code: "not_writable" }));
    expect(
      fixture
        .events()
        .slice(-2)
        .map((event) => event.type),
    ).toEqual(["step.failed", "work.failed"]);
  });

  test("TI2 a timer that was moved while its handler ran, and runs again, is not due once the first run ends", () => {
    const { kernel, now } = new KernelFixture();
    const run = (dueAt: number) => {
      kernel.write(null, now, (writer) => writer.setTimer({ timerId: "t", name: "n", dueAt }));
      kernel.due.hold({ timerId: "t", dueAt });
      return () => kernel.due.release({ timerId: "t", dueAt });
    };
    const [endFirst, endSecond] = [run(1), run(50)];
    endFirst();
    expect([kernel.due.due(60), kernel.due.next()]).toEqual([[], null]);
    endSecond();
    expect(kernel.due.due(60)).toMatchObject([{ timerId: "t", dueAt: 50 }]);
  });
});
