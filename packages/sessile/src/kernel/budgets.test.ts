import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BudgetRequest, ReservationRequest } from "../protocol/budget.ts";
import type { UsageReport } from "../protocol/usage.ts";
import { ada, KernelFixture } from "../testing/kernel-fixture.ts";
import type { Budgets } from "./budgets.ts";
import { Usage } from "./usage.ts";

const within = <T>(fixture: KernelFixture, body: (budgets: Budgets) => T): T =>
  fixture.kernel.write(null, fixture.now, (writer) => body(writer.budgets)).value;
const set = (fixture: KernelFixture, budget: BudgetRequest) => within(fixture, (all) => all.set(budget));
const reserve = (
  fixture: KernelFixture,
  id: string,
  costMicros: number,
  more: Partial<ReservationRequest> = {},
) => within(fixture, (all) => all.reserve({ reservationId: id, source: "agent", costMicros, ...more }));
const settle = (
  fixture: KernelFixture,
  id: string,
  costMicros: number | null,
  more: Partial<UsageReport> = {},
) =>
  within(fixture, (all) =>
    all.settle(id, { entryId: id, kind: "tokens", source: "agent", costMicros, ...more }),
  );
const only = (fixture: KernelFixture) => within(fixture, (all) => all.list())[0];
const answer = (fixture: KernelFixture, gateId: string, said: string) =>
  fixture.one({ op: "answerGate", gateId, answer: said }, ada);
const typesAfter = (fixture: KernelFixture, seq: number) => fixture.events(seq).map(({ type }) => type);

describe("budgets", () => {
  test("BU1 room is reserved before a call, settled by what it cost, and given back if it was not made", () => {
    const fixture = new KernelFixture();
    set(fixture, { budgetId: "all", max: { costMicros: 100, tokens: 1000 } });
    expect(reserve(fixture, "a", 60, { tokens: 10 })).toEqual({ is: "reserved" });
    expect(reserve(fixture, "b", 40)).toEqual({ is: "reserved" });
    expect(only(fixture)).toMatchObject({
      used: { costMicros: 0 },
      reserved: { costMicros: 100, tokens: 10 },
    });
    expect(settle(fixture, "a", 25, { inputTokens: 7, outputTokens: 1 })).toBe(true);
    expect(within(fixture, (all) => [all.release("b"), all.release("b")])).toEqual([true, false]);
    expect(only(fixture)).toMatchObject({
      used: { costMicros: 25, tokens: 8 },
      reserved: { costMicros: 0, tokens: 0 },
    });
    expect(new Usage(fixture.sql).rollup()).toMatchObject({ costMicros: 25, tokens: { total: 8 } });
  });

  test("BU8 a call may take all that is left and asks nobody; the same again is told the same", () => {
    const fixture = new KernelFixture();
    const claim = (id: string, more: Partial<ReservationRequest> = {}) =>
      within(fixture, (all) => all.claim({ reservationId: id, source: "agent", ...more }));
    expect(claim("free", { tokens: 5 })).toEqual({});
    set(fixture, { budgetId: "all", max: { costMicros: 100, tokens: 1000 } });
    set(fixture, { budgetId: "run", ref: "run-1", max: { tokens: 50 } });
    expect(claim("a", { tokens: 10, costMicros: 5 })).toEqual({ tokens: 10, costMicros: 5 });
    expect(claim("b", { ref: "run-1" })).toEqual({ costMicros: 95, tokens: 50 });
    expect(claim("c")).toBeNull();
    expect(claim("c", { tokens: 1, ref: "run-1" })).toBeNull();
    expect(claim("b")).toEqual({ costMicros: 95, tokens: 50 });
    expect(fixture.kernel.view.gates).toEqual({});
    settle(fixture, "b", 20, { ref: "run-1" });
    expect(claim("c")).toEqual({ costMicros: 75, tokens: 990 });
  });

  test("BU2 a call that was reserved is reserved once, whatever restarts, and settled once", () => {
    const fixture = new KernelFixture();
    set(fixture, { budgetId: "all", max: { costMicros: 100 } });
    reserve(fixture, "a", 60);
    const { lastSeq } = fixture.wake().view;
    expect(reserve(fixture, "a", 60)).toEqual({ is: "reserved" });
    expect(fixture.kernel.view.lastSeq).toBe(lastSeq);
    expect([settle(fixture, "a", 70), settle(fixture, "a", 70)]).toEqual([true, false]);
    // Replayed after it was settled, a step reserves again; its entry is known, and the room is given back.
    reserve(fixture, "a", 20);
    expect(settle(fixture, "a", 70)).toBe(false);
    expect(only(fixture)).toMatchObject({ used: { costMicros: 70 }, reserved: { costMicros: 0 } });
  });

  test("BU3 where there is no room nothing is reserved, and a person is asked once, across restarts", () => {
    const fixture = new KernelFixture();
    set(fixture, { budgetId: "run-1", max: { costMicros: 100 }, ref: "run-1" });
    reserve(fixture, "a", 90, { ref: "run-1" });
    const { lastSeq } = fixture.kernel.view;
    const waiting = { is: "waiting", budgetId: "run-1", gateId: "budget-run-1-1" };
    expect(reserve(fixture, "b", 20, { ref: "run-1" })).toEqual(waiting);
    expect(typesAfter(fixture, lastSeq)).toEqual(["gate.opened", "usage.budget_asked"]);
    fixture.wake();
    expect(reserve(fixture, "b", 20, { ref: "run-1" })).toEqual(waiting);
    expect(typesAfter(fixture, lastSeq)).toHaveLength(2);
    expect(fixture.kernel.view.gates["budget-run-1-1"]).toMatchObject({
      options: ["raise", "stop"],
      detail: "cost in millionths: 0 of 100 used, 90 reserved, 20 needed; raised: 200",
    });
    // What needs less than is left goes on, and so does what the budget does not count.
    expect(reserve(fixture, "c", 10, { ref: "run-1" })).toEqual({ is: "reserved" });
    expect(reserve(fixture, "d", 5000, { ref: "run-2" })).toEqual({ is: "reserved" });
  });

  test("BU3 a question that cannot be asked is not noted as asked", () => {
    const limits = { ...new KernelFixture().kind.limits, maxOpenGates: 1 };
    const fixture = new KernelFixture({ limits });
    set(fixture, { budgetId: "all", max: { tokens: 1 } });
    fixture.kernel.write(null, fixture.now, (writer) => {
      writer.openGate({ gateId: "g", title: "?" });
      expect(() => writer.budgets.reserve({ reservationId: "a", source: "agent", tokens: 2 })).toThrow(
        "at most 1 gates",
      );
    });
    expect(only(fixture)).toMatchObject({ gateId: null });
    answer(fixture, "g", "approve");
    expect(reserve(fixture, "a", 0, { tokens: 2 })).toEqual({
      is: "waiting",
      budgetId: "all",
      gateId: "budget-all-1",
    });
  });

  test("BU4 raised by a person it has what the question offered; then the next question is another", () => {
    const fixture = new KernelFixture();
    set(fixture, { budgetId: "b", max: { costMicros: 100 }, raiseBy: { costMicros: 10 } });
    reserve(fixture, "big", 300);
    expect(answer(fixture, "budget-b-1", "raise").ok).toBe(true);
    fixture.wake();
    expect(reserve(fixture, "big", 300)).toEqual({ is: "reserved" });
    expect(only(fixture)).toMatchObject({ max: { costMicros: 300 }, gateId: null });
    expect(reserve(fixture, "more", 1)).toMatchObject({ is: "waiting", gateId: "budget-b-2" });
  });

  test("BU5 a budget that somebody stopped, or nobody raised in time, refuses and says which, until it is set anew", () => {
    const fixture = new KernelFixture();
    set(fixture, { budgetId: "b", max: { tokens: 10 }, askForMs: 1000 });
    reserve(fixture, "a", 0, { tokens: 11 });
    answer(fixture, "budget-b-1", "stop");
    expect(reserve(fixture, "a", 0, { tokens: 11 })).toEqual({
      is: "refused",
      budgetId: "b",
      gateId: "budget-b-1",
      because: "stopped",
    });
    set(fixture, { budgetId: "b", max: { tokens: 12 }, askForMs: 1000 });
    expect(reserve(fixture, "a", 0, { tokens: 11 })).toEqual({ is: "reserved" });
    expect(reserve(fixture, "c", 0)).toEqual({ is: "reserved" });
    expect(reserve(fixture, "z", 0, { tokens: 2 })).toMatchObject({ is: "waiting", gateId: "budget-b-2" });
    fixture.now += 1001;
    expect(answer(fixture, "budget-b-2", "raise")).toMatchObject({ ok: false });
    fixture.kernel.write(null, fixture.now, (writer) => writer.gateRang("budget-b-2"));
    expect(reserve(fixture, "z", 0, { tokens: 2 })).toMatchObject({ is: "refused", because: "expired" });
  });

  test("BU6 every budget that counts a call must have room; a cost nobody knows counts as what was reserved", () => {
    const fixture = new KernelFixture();
    settle(fixture, "before", 30, { ref: "run" });
    set(fixture, { budgetId: "all", max: { costMicros: 1000 } });
    set(fixture, { budgetId: "run", max: { costMicros: 50 }, ref: "run" });
    expect(within(fixture, (all) => all.list()).map(({ used }) => used.costMicros)).toEqual([30, 30]);
    expect(reserve(fixture, "x", 25, { ref: "run" })).toMatchObject({ is: "waiting", budgetId: "run" });
    expect(within(fixture, (all) => all.list())[0]).toMatchObject({ reserved: { costMicros: 0 } });
    expect(reserve(fixture, "y", 15, { ref: "run" })).toEqual({ is: "reserved" });
    settle(fixture, "y", null, { ref: "run" });
    expect(within(fixture, (all) => all.list()).map(({ used }) => used.costMicros)).toEqual([45, 45]);
    expect(new Usage(fixture.sql).rollup()).toMatchObject({ costMicros: 30, unpriced: 1 });
    settle(fixture, "over", 20, { ref: "run" });
    // One that names no amount needs room for one.
    expect(reserve(fixture, "none", 0, { ref: "run" })).toMatchObject({ is: "waiting" });
  });

  test("BU7 budgets count what the meter counts, and follow from the log", () => {
    const act = fc.oneof(
      fc.record({
        is: fc.constant("set" as const),
        id: fc.constantFrom("all", "r1"),
        max: fc.integer({ min: 1, max: 200 }),
      }),
      fc.record({
        is: fc.constant("reserve" as const),
        id: fc.constantFrom("a", "b", "c"),
        ref: fc.constantFrom("r1", "r2"),
        amount: fc.nat(80),
      }),
      fc.record({
        is: fc.constant("settle" as const),
        id: fc.constantFrom("a", "b", "c", "d"),
        ref: fc.constantFrom("r1", "r2"),
        amount: fc.nat(80),
      }),
      fc.record({ is: fc.constant("release" as const), id: fc.constantFrom("a", "b", "c") }),
      fc.record({ is: fc.constant("answer" as const), said: fc.constantFrom("raise", "stop") }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 25 }), (acts) => {
        const fixture = new KernelFixture();
        const entries = new Map<string, { ref: string; amount: number }>();
        let n = 0;
        for (const one of acts) {
          if (one.is === "set")
            set(fixture, {
              budgetId: one.id,
              max: { costMicros: one.max },
              ...(one.id === "all" ? {} : { ref: one.id }),
            });
          if (one.is === "reserve") reserve(fixture, one.id, one.amount, { ref: one.ref });
          if (one.is === "settle") {
            settle(fixture, one.id, one.amount, { entryId: `e${++n}`, ref: one.ref });
            entries.set(`e${n}`, one);
          }
          if (one.is === "release") within(fixture, (all) => all.release(one.id));
          const [gateId] = Object.keys(fixture.kernel.view.gates);
          if (one.is === "answer" && gateId) answer(fixture, gateId, one.said);
        }
        const sum = (ref?: string) =>
          [...entries.values()].reduce(
            (total, entry) => total + (ref === undefined || entry.ref === ref ? entry.amount : 0),
            0,
          );
        for (const { budgetId, ref, used } of within(fixture, (all) => all.list()))
          expect([budgetId, used.costMicros]).toEqual([budgetId, sum(ref ?? undefined)]);
        const rows = () =>
          ["budget", "reservation", "usage"].map((table) =>
            fixture.sql.exec(`SELECT * FROM _sessile_${table} ORDER BY 1`),
          );
        const before = JSON.stringify(rows());
        fixture.kernel.rebuild();
        expect(JSON.stringify(rows())).toBe(before);
      }),
      { numRuns: 60 },
    );
  });

  test("BU1 a budget without bounds, and amounts that are none, are refused by name", () => {
    const fixture = new KernelFixture();
    const refuses = (field: string, body: () => unknown) =>
      expect(body).toThrow(expect.objectContaining({ code: "bad_request", details: { field } }));
    refuses("max", () => set(fixture, { budgetId: "b", max: {} }));
    refuses("max.tokens", () => set(fixture, { budgetId: "b", max: { tokens: -1 } }));
    refuses("budgetId", () => set(fixture, { budgetId: "", max: { tokens: 1 } }));
    refuses("costMicros", () => reserve(fixture, "a", 0.5));
    refuses("reservationId", () => reserve(fixture, "", 1));
  });
});
