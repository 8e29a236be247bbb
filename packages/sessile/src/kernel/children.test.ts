import { describe, expect, test } from "vitest";
import type { ChildReport, ParentLink, SentReport } from "../protocol/family.ts";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import { childAnswered, expectChild, listChildren, reportWork } from "./children.ts";
import { reportTask } from "./report-task.ts";

const parent: ParentLink = { kind: "order", name: "o-1", objectId: "aa" };
const child = { kind: "stock", name: "apples" };
const report = (seq: number, payload: unknown = null): SentReport => ({
  id: `aa.1.${seq}`,
  seq,
  type: "stock.low",
  payload: payload as never,
});

function taking() {
  const heard: ChildReport[] = [];
  const fixture = new KernelFixture({
    childReported: (told) => {
      if (told.payload === "bad") throw new Error("a fault of the kind");
      heard.push(told);
    },
  });
  expectChild(fixture.sql, "aa");
  const take = (...reports: readonly SentReport[]) =>
    fixture.kernel.transact(
      reports.map((sent) => reportTask(child, sent)),
      fixture.now,
    ).outcomes;
  return { fixture, heard, take };
}

describe("a child", () => {
  test("SS8 has one parent, which may have moved, and no other", () => {
    const fixture = new KernelFixture();
    const adopt = (link: ParentLink) =>
      fixture.kernel.write(null, fixture.now, (writer) => writer.adopt(link));
    adopt(parent);
    adopt(parent);
    adopt({ ...parent, objectId: "bb" });
    expect(fixture.events(2).map(({ type }) => type)).toEqual(["session.adopted", "session.adopted"]);
    expect(fixture.wake().view.parent).toEqual({ ...parent, objectId: "bb" });
    expect(() => adopt({ ...parent, name: "o-2" })).toThrow(
      expect.objectContaining({ code: "conflict", details: { current: "order/o-1" } }),
    );
  });

  test("SS10 appends what it reports and starts the delivery in one commit; without a parent it reports nothing", () => {
    const fixture = new KernelFixture();
    const tell = () =>
      fixture.kernel.write(null, fixture.now, (writer) => writer.report("stock.low", { left: 1 }));
    expect(tell).toThrow(expect.objectContaining({ code: "rejected" }));
    fixture.kernel.write(null, fixture.now, (writer) =>
      expect(() => writer.report("stock.low", { left: 1 })).toThrow("no parent"),
    );
    expect(fixture.kernel.view.lastSeq).toBe(2);
    fixture.kernel.write(null, fixture.now, (writer) => writer.adopt(parent));
    expect(tell().value).toBe(4);
    expect(fixture.events(3)).toMatchObject([
      { type: "stock.low", payload: { left: 1 } },
      { type: "work.started", payload: { workId: `${reportWork}:4`, name: reportWork, input: { seq: 4 } } },
    ]);
  });

  test("SS11 a termination ends work, but not the delivery of what was reported before", () => {
    const fixture = new KernelFixture();
    fixture.kernel.write(null, fixture.now, (writer) => {
      writer.adopt(parent);
      writer.startWork({ workId: "w", name: "n", input: null });
      writer.report("stock.gone", null);
      writer.setLifecycle("terminated");
    });
    expect(fixture.kernel.view.work).toEqual({ [`${reportWork}:5`]: reportWork });
    fixture.kernel.write(null, fixture.now, (writer) => writer.completeWork(`${reportWork}:5`, null));
    expect(fixture.kernel.view).toMatchObject({ work: {}, lifecycle: "terminated" });
  });
});

describe("a parent", () => {
  test("SS8 lists its children in pages until it deletes them, and the list follows from the log", () => {
    const fixture = new KernelFixture();
    const write = fixture.kernel.write.bind(fixture.kernel, null, fixture.now);
    const children = [child, { kind: "note", name: "b" }, { kind: "note", name: "a" }];
    for (const one of [...children, child]) write((writer) => writer.addChild(one));
    expect(fixture.events(2)).toHaveLength(3);
    const sorted = [children[2], children[1], child];
    expect(listChildren(fixture.sql, 2)).toEqual(sorted.slice(0, 2));
    expect(listChildren(fixture.sql, 2, sorted[1])).toEqual([child]);
    write((writer) => writer.removeChild({ kind: "note", name: "b" }));
    write((writer) => writer.removeChild({ kind: "note", name: "never" }));
    const left = listChildren(fixture.sql, 9);
    expect(left).toEqual([sorted[0], child]);
    fixture.kernel.rebuild();
    expect(listChildren(fixture.sql, 9)).toEqual(left);
  });

  test("SS10 takes a report once, as the child's, and knows the child from then on", () => {
    const { fixture, heard, take } = taking();
    const first = take(report(3, { left: 1 }));
    fixture.wake();
    expect(take(report(3, { left: 1 }), report(5))).toMatchObject([
      { ok: true, repeated: true },
      { ok: true },
    ]);
    expect(first).toMatchObject([{ ok: true, repeated: false }]);
    expect(heard).toEqual([
      { child, seq: 3, type: "stock.low", payload: { left: 1 } },
      { child, seq: 5, type: "stock.low", payload: null },
    ]);
    expect(fixture.events(2)).toMatchObject([
      { type: "session.child_reported", actor: { id: "session:stock/apples" }, clientEventId: "aa.1.3" },
      { type: "session.child_added", payload: child },
      { type: "session.child_reported", payload: { ...child, seq: 5, type: "stock.low", payload: null } },
    ]);
  });

  test("SS10 takes none of a session that it has not called as its child", () => {
    const { fixture, heard, take } = taking();
    childAnswered(fixture.sql, "aa");
    const refused = [{ ok: false, error: { code: "forbidden" } }];
    expect(take(report(3))).toMatchObject(refused);
    expect([heard, fixture.events(2), listChildren(fixture.sql, 1)]).toEqual([[], [], []]);
    fixture.kernel.write(null, fixture.now, (writer) => writer.addChild(child));
    expect(take({ ...report(3), id: "bb.1.3" })).toMatchObject([{ ok: true }]);
  });

  test("SS11 refuses a report alone, and one that waits for it to be active comes later", () => {
    const { fixture, heard, take } = taking();
    expect(take(report(3), report(4, "bad"), report(5))).toMatchObject([
      { ok: true },
      { ok: false, error: { code: "internal" } },
      { ok: true },
    ]);
    expect(heard.map(({ seq }) => seq)).toEqual(expect.arrayContaining([3, 5]));
    fixture.one({ op: "setLifecycle", to: "paused" });
    expect(take(report(6))).toMatchObject([
      { ok: false, error: { code: "not_writable", details: { current: "paused" } } },
    ]);
    fixture.one({ op: "setLifecycle", to: "active" });
    expect(take(report(6))).toMatchObject([{ ok: true, repeated: false }]);
  });
});
