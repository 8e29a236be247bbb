import {
  emptyView,
  foldEvent,
  type SessionEvent,
  type SessionView,
  settleView,
} from "../../src/protocol/index.ts";
import type { Acknowledged } from "./journal.ts";

/** What the server says when all is over. */
export interface Afterwards {
  readonly events: readonly SessionEvent[];
  readonly view: SessionView;
}

/** Everything that is not as it was promised, one line each; empty if all is well. */
export function verify(
  { events, view }: Afterwards,
  acknowledged: readonly Acknowledged[],
  works: readonly { readonly workId: string; readonly steps: number }[],
): string[] {
  return [
    ...gaps(events),
    ...repeats(events, "eventId"),
    ...repeats(events, "clientEventId"),
    ...broken(events, acknowledged),
    ...disorder(events),
    ...unlikeItsLog(events, view),
    ...works.flatMap((work) => [...unfinished(events, work)]),
  ];
}

function* gaps(events: readonly SessionEvent[]): Generator<string> {
  for (const [index, { seq }] of events.entries()) {
    if (seq !== index + 1) yield `event ${index + 1} of the log has seq ${seq}`;
  }
}

function* repeats(events: readonly SessionEvent[], key: "eventId" | "clientEventId"): Generator<string> {
  const seen = new Set<string>();
  for (const { seq, [key]: id } of events) {
    if (id === null) continue;
    if (seen.has(id)) yield `${key} ${id} is there twice, the second time at ${seq}`;
    seen.add(id);
  }
}

/** Acknowledged, and yet not there, or elsewhere, or something else. */
function* broken(events: readonly SessionEvent[], acknowledged: readonly Acknowledged[]): Generator<string> {
  const byId = new Map(events.map((event) => [event.clientEventId, event]));
  for (const { id, seq, result } of acknowledged) {
    const event = byId.get(id);
    if (!event) yield `${id} was acknowledged and is lost`;
    else if (seq !== null && event.seq !== seq)
      yield `${id} was acknowledged at ${seq} and is at ${event.seq}`;
    else if (result !== null && countOf(event) !== result) {
      yield `${id} answered ${result}, and its event says ${countOf(event)}`;
    }
  }
}

/** Each producer's commands stand in the order they were given, without one missing. */
function* disorder(events: readonly SessionEvent[]): Generator<string> {
  const next = new Map<string, number>();
  for (const { clientEventId } of events) {
    const [producer, , n] = clientEventId?.split(".") ?? [];
    if (producer === undefined || n === undefined || !/^a\d+$/.test(producer)) continue;
    const expected = next.get(producer) ?? 0;
    if (Number(n) !== expected) yield `${producer}: ${n} follows ${expected - 1}`;
    next.set(producer, Number(n) + 1);
  }
}

function* unlikeItsLog(events: readonly SessionEvent[], view: SessionView): Generator<string> {
  let folded = emptyView(view.kind, view.name);
  for (const { type, payload, seq, createdAt } of events) {
    folded = settleView(
      foldEvent(folded, { type, payload }, seq, Date.parse(createdAt)),
      seq,
      Date.parse(createdAt),
    );
  }
  folded = { ...folded, lifecycle: events.length > 0 ? folded.lifecycle : "initializing" };
  if (JSON.stringify(folded) !== JSON.stringify(view)) {
    yield `the view is ${JSON.stringify(view)} and its log folds to ${JSON.stringify(folded)}`;
  }
  const counted = events.filter(({ type }) => type === "state.changed").length;
  if ((view.state as { count: number }).count !== counted) {
    yield `the state counts ${JSON.stringify(view.state)} after ${counted} changes`;
  }
}

function* unfinished(
  events: readonly SessionEvent[],
  { workId, steps }: { readonly workId: string; readonly steps: number },
): Generator<string> {
  const own = events.filter(({ payload }) => (payload as { workId?: string } | null)?.workId === workId);
  const expected = ["work.started 1", `step.completed ${steps}`, `kept.step ${steps}`, "work.completed 1"];
  for (const line of expected) {
    const [type, count] = line.split(" ");
    const found = own.filter((event) => event.type === type);
    if (found.length !== Number(count)) yield `${workId}: ${found.length} × ${type} instead of ${count}`;
    if (new Set(found.map(({ payload }) => JSON.stringify(payload))).size !== found.length) {
      yield `${workId}: a ${type} is there twice`;
    }
  }
}

function countOf(event: SessionEvent): number {
  return (event.payload as { state: { count: number } }).state.count;
}
