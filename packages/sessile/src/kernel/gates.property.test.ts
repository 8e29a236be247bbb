import fc from "fast-check";
import { expect, test } from "vitest";
import type { Gate, GateOutcome } from "../protocol/gate.ts";
import { ada, bob, KernelFixture } from "../testing/kernel-fixture.ts";
import { listGates } from "./gates.ts";

const people = [ada, bob, null] as const;
const person = fc.constantFrom(...people);
const gateId = fc.constantFrom(..."abcdefghij");
const soon = fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined });

const step = fc.oneof(
  fc.record({
    do: fc.constant("open" as const),
    gateId,
    host: fc.constantFrom("x", "y", null),
    isFor: fc.constantFrom(undefined, ["ada"], ["bob"]),
    expiresIn: soon,
    escalatesIn: soon,
  }),
  fc.record({
    do: fc.constant("answer" as const),
    gateId,
    by: person,
    answer: fc.constantFrom("approve", "approve", "reject", "no option"),
    remember: fc.constantFrom("tool" as const, "call" as const, undefined),
  }),
  fc.record({ do: fc.constant("withdraw" as const), gateId }),
  fc.record({ do: fc.constant("revoke" as const) }),
  fc.record({
    do: fc.constant("pass" as const),
    ms: fc.integer({ min: 1, max: 20 }),
    rings: fc.boolean(),
    wakes: fc.boolean(),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

class Story {
  readonly settled: [string, GateOutcome][] = [];
  readonly fixture = new KernelFixture({
    gateSettled: ({ gateId }, outcome) => void this.settled.push([gateId, outcome]),
  });

  run(one: Step): void {
    const { fixture } = this;
    const { kernel, now } = fixture;
    if (one.do === "open") {
      const { gateId, host, isFor, expiresIn, escalatesIn } = one;
      try {
        kernel.write(null, now, (writer) =>
          writer.openGate({
            gateId,
            title: gateId,
            default: "reject",
            ...(host === null ? {} : { call: { name: "isolate", arguments: { host } } }),
            ...(isFor ? { eligible: isFor } : {}),
            ...(expiresIn === undefined ? {} : { expiresAt: now + expiresIn }),
            ...(escalatesIn === undefined ? {} : { escalation: { at: now + escalatesIn, to: ["bob"] } }),
          }),
        );
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "conflict" });
      }
    } else if (one.do === "answer") {
      const { gateId, by, answer, remember } = one;
      const match = remember === undefined ? {} : { remember: { match: remember } };
      fixture.one({ op: "answerGate", gateId, answer, ...match }, by);
    } else if (one.do === "withdraw") {
      kernel.write(null, now, (writer) => writer.gates.expire(one.gateId, "withdrawn"));
    } else if (one.do === "revoke") {
      const [policyId] = Object.keys(kernel.view.policies ?? {});
      if (policyId !== undefined) fixture.one({ op: "revokePolicy", policyId });
    } else {
      fixture.now += one.ms;
      if (one.wakes) fixture.wake();
      if (!one.rings) return;
      for (const { timerId } of fixture.kernel.due.due(fixture.now))
        fixture.kernel.write(null, fixture.now, (writer) => writer.gateRang(timerId.slice("gate:".length)));
    }
  }

  check(): void {
    const { kernel, sql } = this.fixture;
    const gates = listGates(sql);
    const waiting = gates.filter(({ outcome }) => outcome === null).map(({ gate }) => [gate.gateId, gate]);
    expect(kernel.view.gates).toEqual(Object.fromEntries(waiting));
    const ended = gates.filter(({ outcome }) => outcome !== null);
    expect(this.settled.length).toBe(ended.length);
    for (const { gate, outcome } of ended) {
      expect(this.settled.filter(([id]) => id === gate.gateId)).toEqual([[gate.gateId, outcome]]);
      expectHonest(gate, outcome as GateOutcome);
    }
    for (const { gate, outcome } of gates) {
      const isDue =
        outcome === null && (gate.expiresAt !== null || (gate.escalation && !gate.escalation.isDone));
      expect(kernel.due.dueAt(`gate:${gate.gateId}`) !== null).toBe(Boolean(isDue));
    }
    const all = () => [listGates(sql), kernel.view, kernel.due.next()];
    const before = all();
    kernel.rebuild();
    expect(all()).toEqual(before);
  }
}

function expectHonest(gate: Gate, outcome: GateOutcome): void {
  if (outcome.status === "expired") {
    expect(outcome.default).toBe(outcome.reason === "time" ? "reject" : undefined);
    if (outcome.reason === "time")
      expect(outcome.at).toBeGreaterThanOrEqual(gate.expiresAt ?? Number.POSITIVE_INFINITY);
    return;
  }
  expect(gate.options).toContain(outcome.answer);
  expect(outcome.at).toBeLessThan(gate.expiresAt ?? Number.POSITIVE_INFINITY);
  expect(outcome.argumentsHash).toBe(gate.call?.argumentsHash);
  const decided = outcome.policy?.by ?? outcome.by;
  if (gate.eligible) expect(gate.eligible).toContain(decided?.id);
  if (outcome.policy)
    expect([outcome.by, outcome.answer, gate.call?.name]).toEqual([null, "approve", "isolate"]);
}

test("GA1 GA11 GA13 GA16 GA17 whatever happens to gates, each ends once, honestly, by who may, and follows from the log", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 120, size: "max" }), (steps) => {
      const story = new Story();
      for (const one of steps) story.run(one);
      story.check();
    }),
    { numRuns: 100 },
  );
});
