import { expect, test } from "vitest";
import { emptyView, foldEvent, type SessionEvent, settleView } from "../../src/protocol/index.ts";
import type { Acknowledged } from "./journal.ts";
import { verify } from "./verify.ts";

const createdAt = "2026-11-01T00:00:00.000Z";
const event = (
  seq: number,
  type: string,
  payload: unknown,
  clientEventId: string | null = null,
): SessionEvent => ({
  seq,
  eventId: `E${seq}`,
  type,
  actor: null,
  clientEventId,
  payload: payload as never,
  createdAt,
});

const good = [
  event(1, "session.created", { kind: "k", name: "n", state: { count: 0 }, status: null }),
  event(2, "tick.counted", {}, "a0.0.0"),
  event(3, "state.changed", { state: { count: 1 } }, "a0.0.1"),
  event(4, "work.started", { workId: "w", name: "steps", input: null }),
  event(5, "step.completed", { workId: "w", step: "s0", result: 0 }),
  event(6, "kept.step", { workId: "w", n: 0 }),
  event(7, "work.completed", { workId: "w", result: 1 }),
];
const promised: Acknowledged[] = [
  { id: "a0.0.0", seq: 2, result: null },
  { id: "a0.0.1", seq: null, result: 1 },
];
const works = [{ workId: "w", steps: 1 }];

function faults(events: readonly SessionEvent[], acknowledged = promised): string[] {
  const at = Date.parse(createdAt);
  let view = emptyView("k", "n");
  for (const { type, payload, seq } of good)
    view = settleView(foldEvent(view, { type, payload }, seq, at), seq, at);
  return verify({ events, view }, acknowledged, works);
}

test("CR2 the check passes what is as promised", () => {
  expect(faults(good)).toEqual([]);
});

test.each([
  ["a lost event", good.toSpliced(1, 1), /a0\.0\.0 was acknowledged and is lost/],
  ["an event twice", [...good, { ...(good[1] as SessionEvent), seq: 8 }], /a0\.0\.0 is there twice/],
  ["a gap", good.map((e) => (e.seq > 3 ? { ...e, seq: e.seq + 1 } : e)), /event 4 of the log has seq 5/],
  ["a step that ran twice", [...good, event(8, "step.completed", { workId: "w" })], /2 × step\.completed/],
  ["work that never ended", good.slice(0, -1), /0 × work\.completed/],
  ["a view that is not its log", good.toSpliced(2, 1, event(3, "tick.counted", {})), /folds to/],
])("CR2 the check finds %s", (_, events, fault) => {
  expect(faults(events).join("\n")).toMatch(fault);
});

test("CR2 the check finds an acknowledgement that says another seq or result", () => {
  expect(faults(good, [{ id: "a0.0.0", seq: 3, result: null }])).toEqual([
    expect.stringMatching(/at 3 and is at 2/),
  ]);
  expect(faults(good, [{ id: "a0.0.1", seq: null, result: 2 }])).toEqual([
    expect.stringMatching(/answered 2/),
  ]);
});
