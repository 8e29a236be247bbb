import { describe, expect, test } from "vitest";
import type { Action } from "../protocol/access.ts";
import type { GateAnswer, Outcome } from "../protocol/command.ts";
import type { Actor } from "../protocol/event.ts";
import { approvedArguments, type Gate, type GateOutcome, hashOf } from "../protocol/gate.ts";
import type { Json } from "../protocol/json.ts";
import { ada, bob, KernelFixture } from "../testing/kernel-fixture.ts";
import type { KindDefinition } from "./definition.ts";
import type { GateRequest } from "./gate-request.ts";
import { listGates, readGate } from "./gates.ts";
import type { Writer } from "./writer.ts";

const isolate = { name: "isolate-host", arguments: { host: "srv-1", hard: true } };

function fixtureOf(overrides: Partial<KindDefinition> = {}) {
  const settled: [string, GateOutcome][] = [];
  const escalated: Gate[] = [];
  const fixture = new KernelFixture({
    gateSettled: (gate, outcome) => void settled.push([gate.gateId, outcome]),
    gateEscalated: (gate) => void escalated.push(gate),
    ...overrides,
  });
  const open = (request: Partial<GateRequest> = {}, actor: Actor | null = null) =>
    fixture.kernel.write(actor, fixture.now, (writer) =>
      writer.openGate({ gateId: "g", title: "Isolate srv-1?", call: isolate, ...request }),
    ).value;
  const answer = (given: Partial<GateAnswer> & { gateId?: string } = {}, actor: Actor | null = ada) =>
    fixture.one({ op: "answerGate", gateId: "g", answer: "approve", ...given }, actor);
  const ring = () => {
    for (const { timerId } of fixture.kernel.due.due(fixture.now))
      fixture.kernel.write(null, fixture.now, (writer) => writer.gateRang(timerId.slice("gate:".length)));
  };
  const outcome = (gateId = "g") => readGate(fixture.sql, gateId)?.outcome;
  return { fixture, settled, escalated, open, answer, ring, outcome };
}

const refusal = (code: string, details: object = {}) => ({ ok: false, error: { code, details } });

describe("the call", () => {
  test("GA7 a gate is bound to one call: its id for another is a conflict, and no answer lets another run", () => {
    const { fixture, open, answer } = fixtureOf();
    open();
    open({ call: { name: "isolate-host", arguments: { hard: true, host: "srv-1" } } });
    for (const call of [
      { ...isolate, arguments: { host: "srv-2", hard: true } },
      { ...isolate, name: "wipe-host" },
    ])
      expect(() => open({ call })).toThrow(expect.objectContaining({ code: "conflict" }));
    expect(() => open({ kind: "tool" })).toThrow(expect.objectContaining({ code: "conflict" }));
    const record = () => readGate(fixture.sql, "g");
    expect(() => approvedArguments(record(), isolate)).toThrow("has not been approved");
    expect(answer()).toMatchObject({ ok: true });
    expect(approvedArguments(record(), isolate)).toEqual(isolate.arguments);
    expect(() => approvedArguments(record(), { ...isolate, arguments: { host: "srv-2" } })).toThrow(
      "another call",
    );
    expect(() => approvedArguments(null, isolate)).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  test("GA8 an answer to a call with other arguments than the gate's is refused", () => {
    const { open, answer } = fixtureOf();
    open();
    const current = hashOf(isolate.arguments);
    expect(answer({ argumentsHash: hashOf({ host: "srv-2" }) })).toMatchObject(
      refusal("precondition_failed", { field: "argumentsHash", current }),
    );
    expect(answer({ argumentsHash: current })).toMatchObject({ ok: true });
  });

  test("GA9 an approval changes the arguments only where the gate lets it, and the hash is of what runs", () => {
    const { fixture, open, answer, outcome } = fixtureOf();
    const changed = { host: "srv-1", hard: false };
    open();
    expect(answer({ arguments: changed })).toMatchObject(refusal("bad_request", { field: "arguments" }));
    open({ gateId: "e", isEditable: true });
    expect(answer({ gateId: "e", answer: "reject", arguments: changed })).toMatchObject(
      refusal("bad_request", { field: "arguments" }),
    );
    expect(answer({ gateId: "e", arguments: changed })).toMatchObject({ ok: true });
    expect(outcome("e")).toMatchObject({ arguments: changed, argumentsHash: hashOf(changed) });
    expect(approvedArguments(readGate(fixture.sql, "e"), isolate)).toEqual(changed);
    answer();
    expect(outcome()).toMatchObject({ argumentsHash: hashOf(isolate.arguments) });
  });

  test("GA7 arguments that are equal have one hash, whatever the order of their keys", () => {
    expect(hashOf({ b: [1, { d: "é", c: null }], a: 1e21 })).toBe(
      hashOf({ a: 1e21, b: [1, { c: null, d: "é" }] }),
    );
    expect(hashOf([1, 2])).not.toBe(hashOf([2, 1]));
    expect(hashOf({})).toBe("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  });
});

describe("questions and client calls", () => {
  test("GA10 a question is answered by question, or declined", () => {
    const { open, answer, outcome } = fixtureOf();
    const questions = [
      { question: "Which host?", options: ["srv-1", "srv-2"] },
      { question: "Whom to tell?", multiple: true },
    ];
    open({ kind: "question", call: undefined as never, questions });
    const result = { "Which host?": "srv-1", "Whom to tell?": ["Ben", "Cleo"] };
    const wrong: (Json | undefined)[] = [
      undefined,
      "srv-1",
      { "Which host?": "srv-1" },
      { ...result, "Which host?": "srv-3" },
      { ...result, "Whom to tell?": "Ben" },
      { ...result, Why: "?" },
    ];
    for (const given of wrong)
      expect(answer({ answer: "answer", ...(given === undefined ? {} : { result: given }) })).toMatchObject(
        refusal("bad_request", { field: "result" }),
      );
    expect(answer({ answer: "decline", result })).toMatchObject(refusal("bad_request", { field: "result" }));
    expect(answer({ answer: "answer", result })).toMatchObject({ ok: true });
    expect(outcome()).toMatchObject({ answer: "answer", result });
    open({ gateId: "d", kind: "question", call: undefined as never });
    expect(answer({ gateId: "d", answer: "decline" })).toMatchObject({ ok: true });
  });

  test("GA10 a client's call is answered by its result or its error, and a result stands in for no approval", () => {
    const { open, answer, outcome } = fixtureOf();
    open();
    expect(answer({ result: { done: true } })).toMatchObject(refusal("bad_request", { field: "result" }));
    expect(answer({ answer: "result", result: 1 })).toMatchObject(
      refusal("bad_request", { field: "answer" }),
    );
    open({ gateId: "t", kind: "tool" });
    expect(answer({ gateId: "t" })).toMatchObject(refusal("bad_request", { field: "answer" }));
    expect(answer({ gateId: "t", answer: "result" })).toMatchObject(
      refusal("bad_request", { field: "result" }),
    );
    expect(answer({ gateId: "t", answer: "error" })).toMatchObject(
      refusal("bad_request", { field: "comment" }),
    );
    expect(answer({ gateId: "t", answer: "result", result: { at: "51.5" } })).toMatchObject({ ok: true });
    expect(outcome("t")).toMatchObject({ answer: "result", result: { at: "51.5" } });
    expect(outcome()).toBeNull();
  });
});

describe("who, when and how", () => {
  test("GA11 a gate that names who may answer takes nobody else's answer", () => {
    const { open, answer, outcome } = fixtureOf();
    open({ eligible: ["bob"] });
    for (const actor of [ada, null]) expect(answer({}, actor)).toMatchObject(refusal("forbidden"));
    expect(outcome()).toBeNull();
    expect(answer({}, bob)).toMatchObject({ ok: true });
  });

  test("GA12 whoever comes too late is told how the gate ended, by whom and when, and nothing changes", () => {
    const { fixture, open, answer, settled } = fixtureOf();
    open();
    answer({ answer: "reject", comment: "no" }, bob);
    const { lastSeq } = fixture.kernel.view;
    expect(answer()).toMatchObject({
      ok: false,
      error: {
        code: "gate_closed",
        message: 'This gate was already answered "reject" by Bob.',
        details: {
          current: "reject",
          gate: { status: "answered", answer: "reject", by: bob, at: fixture.now - 1 },
        },
      },
    });
    expect([fixture.kernel.view.lastSeq, settled.length]).toEqual([lastSeq, 1]);
  });

  test("GA13 a time-out is nobody's no: the default counts and is told apart; what was withdrawn has none", () => {
    const { fixture, open, answer, ring, outcome, settled } = fixtureOf();
    open({ expiresAt: fixture.now + 10, default: "reject" });
    open({ gateId: "w", default: "approve" });
    fixture.now += 10;
    const ended = { status: "expired", reason: "time", default: "reject" };
    expect(answer()).toMatchObject(refusal("gate_closed", { gate: ended, current: null }));
    ring();
    expect(outcome()).toEqual({ ...ended, at: fixture.now });
    expect(settled).toEqual([["g", outcome()]]);
    fixture.kernel.write(null, fixture.now, (writer) => writer.gates.expire("w", "withdrawn"));
    expect(outcome("w")).toEqual({ status: "expired", at: fixture.now, reason: "withdrawn" });
    expect(answer({ gateId: "w" })).toMatchObject({ error: { message: "This gate was withdrawn." } });
    expect(() => open({ gateId: "x", default: "maybe" })).toThrow("default is one of the options");
  });

  test("GA13 a default may let the call run, and is still nobody's answer", () => {
    const { fixture, open, ring } = fixtureOf();
    open({ expiresAt: fixture.now + 10, default: "approve" });
    fixture.now += 10;
    ring();
    expect(approvedArguments(readGate(fixture.sql, "g"), isolate)).toEqual(isolate.arguments);
    expect(fixture.events().some(({ type }) => type === "gate.answered")).toBe(false);
  });

  test("GA14 a gate nobody answered escalates once, is told of, and takes the answers of those it names", () => {
    const { fixture, open, answer, ring, escalated } = fixtureOf();
    const { now } = fixture;
    open({ eligible: ["ada"], escalation: { at: now + 10, to: ["bob"] }, expiresAt: now + 20 });
    expect(answer({}, bob)).toMatchObject(refusal("forbidden"));
    fixture.now = now + 10;
    fixture.wake();
    ring();
    ring();
    expect(escalated).toMatchObject([{ eligible: ["ada", "bob"], escalation: { isDone: true } }]);
    expect(fixture.events().filter(({ type }) => type === "gate.escalated")).toMatchObject([
      { payload: { gateId: "g", to: ["bob"] } },
    ]);
    expect(fixture.kernel.view.gates.g).toEqual(readGate(fixture.sql, "g")?.gate);
    expect(fixture.kernel.due.next()).toBe(now + 20);
    expect(answer({}, bob)).toMatchObject({ ok: true });
    expect(fixture.kernel.due.next()).toBeNull();
  });

  test("GA20 an answer is recorded with who gave it, when and over what", () => {
    const { fixture, open, outcome } = fixtureOf();
    open({}, bob);
    expect(fixture.kernel.view.gates.g).toMatchObject({ requestedBy: "bob" });
    const task = fixture.task({ op: "answerGate", id: "a", gateId: "g", answer: "approve", comment: "go" });
    fixture.kernel.transact([{ ...task, origin: "websocket" }], fixture.now);
    expect(fixture.events().at(-1)).toMatchObject({
      actor: ada,
      payload: { gateId: "g", answer: "approve", comment: "go", via: "websocket" },
    });
    expect(outcome()).toMatchObject({ by: ada, at: fixture.now, via: "websocket" });
  });

  test("GA18 gates are bounded in number and size, by name", () => {
    const limits = { ...new KernelFixture().kind.limits, maxOpenGates: 2, maxGateResultChars: 10 };
    const { open, answer } = fixtureOf({ limits });
    open({ kind: "tool" });
    open({ gateId: "h" });
    const full = { code: "limit_exceeded" };
    expect(() => open({ gateId: "i" })).toThrow(expect.objectContaining(full));
    expect(answer({ answer: "result", result: "01234567890" })).toMatchObject(
      refusal("limit_exceeded", { limit: "maxGateResultChars" }),
    );
    answer({ gateId: "h" });
    expect(() => open({ gateId: "i", title: "x".repeat(1001) })).toThrow(expect.objectContaining(full));
    expect(open({ gateId: "i" })).toBe("i");
  });
});

describe("policies", () => {
  const remember = (match: "tool" | "call") => ({ remember: { match } });

  test("GA15 what was allowed always is answered in the commit that opens the gate, in nobody's hand", () => {
    const { fixture, open, answer, outcome, settled } = fixtureOf();
    open();
    answer(remember("tool"), bob);
    const [policy] = Object.values(fixture.kernel.view.policies ?? {});
    expect(policy).toMatchObject({ tool: "isolate-host", by: bob, expiresAt: null });
    open({ gateId: "h", call: { ...isolate, arguments: { host: "srv-2" } } }, ada);
    const applied = { policyId: policy?.policyId, scope: "session", by: bob };
    expect(outcome("h")).toMatchObject({ answer: "approve", by: null, via: "policy", policy: applied });
    expect(fixture.events().slice(-2)).toMatchObject([
      { type: "gate.opened", actor: ada },
      { type: "gate.answered", actor: null, payload: { policy: applied } },
    ]);
    expect(settled.map(([gateId]) => gateId)).toEqual(["g", "h"]);
    open({ gateId: "i", call: { ...isolate, name: "isolate-hosts" } });
    open({ gateId: "q", kind: "tool" });
    expect(Object.keys(fixture.kernel.view.gates)).toEqual(["i", "q"]);
  });

  test("GA15 a call that was remembered is that call; a pattern is what it says", () => {
    const { fixture, open, answer } = fixtureOf();
    open();
    answer(remember("call"));
    open({ gateId: "h" });
    open({ gateId: "i", call: { ...isolate, arguments: { host: "srv-2" } } });
    expect(Object.keys(fixture.kernel.view.gates)).toEqual(["i"]);
    const pattern = { tool: "*-host", arguments: { "target.name": "srv-*", "target.port": 22 } };
    expect(fixture.one({ op: "addPolicy", ...pattern })).toMatchObject({ ok: true });
    const call = (name: string, target: Json) => ({ name, arguments: { target } });
    open({ gateId: "j", call: call("wipe-host", { name: "srv-9", port: 22, why: "?" }) });
    open({ gateId: "k", call: call("wipe-host", { name: "db-9", port: 22 }) });
    open({ gateId: "l", call: call("wipe-host", { name: ["srv-9"], port: 22 }) });
    open({ gateId: "m", call: call("wipe-host", { name: "srv-9" }) });
    open({ gateId: "n", call: call("wipe-hosts", { name: "srv-9", port: 22 }) });
    expect(Object.keys(fixture.kernel.view.gates)).toEqual(["i", "k", "l", "m", "n"]);
  });

  test("GA19 the session's own answer in nobody's name is its own; somebody unknown who calls needs the right as others do", () => {
    let kindLetsNobody = false;
    const { fixture } = fixtureOf({ mayApprove: (actor) => actor !== null || kindLetsNobody });
    const mayApprove = (asNobody: boolean, rights?: readonly Action[]): Outcome | undefined => {
      const task = {
        ...fixture.task({ op: "call", method: "m", args: [] }, null),
        origin: "http" as const,
        rights,
        run: (writer: Writer) => {
          if (asNobody) fixture.kernel.write(null, fixture.now, (own) => own.gates.assertMayApprove());
          else writer.gates.assertMayApprove();
          return undefined;
        },
      };
      return fixture.kernel.transact([task], fixture.now).outcomes[0];
    };
    const refused = { ok: false, error: { code: "forbidden" } };
    expect(mayApprove(true, ["read", "write"])).toMatchObject({ ok: true });
    expect(mayApprove(false)).toMatchObject(refused);
    kindLetsNobody = true;
    expect(mayApprove(false)).toMatchObject({ ok: true });
    expect(mayApprove(false, ["read", "write"])).toMatchObject(refused);
  });

  test("GA16 a policy does what its maker could do now, until it is revoked or expires", () => {
    let mayApprove = true;
    const { fixture, open } = fixtureOf({ mayApprove: () => mayApprove });
    const added = fixture.one({ op: "addPolicy", tool: "*", expiresAt: fixture.now + 1000 }, bob);
    const { policyId } = (added as unknown as { result: { policyId: string } }).result;
    const isAnswered = (gateId: string, request: Partial<GateRequest> = {}) => {
      open({ gateId, ...request });
      return !Object.hasOwn(fixture.kernel.view.gates, gateId);
    };
    expect(isAnswered("a")).toBe(true);
    expect(isAnswered("b", { eligible: ["ada"] })).toBe(false);
    expect(isAnswered("c", { call: undefined as never })).toBe(false);
    mayApprove = false;
    expect(isAnswered("d")).toBe(false);
    mayApprove = true;
    expect(isAnswered("e")).toBe(true);
    fixture.now += 1000;
    expect(isAnswered("f")).toBe(false);
    fixture.now -= 1000;
    expect(fixture.one({ op: "revokePolicy", policyId })).toMatchObject({ ok: true });
    expect(isAnswered("h")).toBe(false);
    expect(fixture.kernel.view.policies).toBeUndefined();
    expect(fixture.one({ op: "revokePolicy", policyId })).toMatchObject(refusal("not_found"));
  });

  test("GA17 only an approval can be remembered, only somebody's, and only so many", () => {
    const limits = { ...new KernelFixture().kind.limits, maxGatePolicies: 1 };
    const { fixture, open, answer, outcome } = fixtureOf({ limits });
    open();
    expect(answer({ answer: "reject", ...remember("tool") })).toMatchObject(
      refusal("bad_request", { field: "remember" }),
    );
    expect(answer(remember("tool"), null)).toMatchObject(refusal("unauthenticated"));
    expect([outcome(), fixture.kernel.view.policies]).toEqual([null, undefined]);
    answer(remember("tool"));
    expect(fixture.one({ op: "addPolicy", tool: "x" })).toMatchObject(
      refusal("limit_exceeded", { limit: "maxGatePolicies" }),
    );
  });

  test("GA17 RS1 gates with all their ends and policies, made anew from the log, are the same", () => {
    const { fixture, open, answer, ring } = fixtureOf();
    const { now } = fixture;
    open({ isEditable: true });
    answer({ arguments: { host: "srv-3" }, comment: "this one" });
    open({ gateId: "esc", eligible: ["ada"], escalation: { at: now + 10, to: ["bob"] } }, ada);
    open({ gateId: "exp", expiresAt: now + 10, default: "reject" });
    fixture.one({ op: "addPolicy", tool: "isolate-*" }, bob);
    open({ gateId: "pol" });
    fixture.now = now + 10;
    ring();
    const state = () => [listGates(fixture.sql), fixture.kernel.view, fixture.kernel.due.next()];
    const before = state();
    fixture.kernel.rebuild();
    expect(state()).toEqual(before);
    fixture.wake();
    expect(state()).toEqual(before);
  });
});
