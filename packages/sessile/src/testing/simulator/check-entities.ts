import type { SessionEvent } from "../../protocol/event.ts";
import type { LogOnDisk } from "./log-follower.ts";
import type { SessionObject } from "./session-object.ts";
import { SimulatedKind } from "./simulated-kind.ts";

type Fail = (what: string) => void;
type Payload = Readonly<Record<string, string | number | null>>;

const payloadOf = (event: SessionEvent): Payload => (event.payload ?? {}) as unknown as Payload;

/** Status, timers, work and the kind's own table, each against the rules of its life. */
export function checkEntities(object: SessionObject, log: LogOnDisk, fail: Fail): void {
  checkStatus(log.events, fail);
  checkTimers(log.events, object.setBackMs, fail);
  checkWork(log.events, fail);
  checkTally(object, log.events, fail);
}

function checkStatus(events: readonly SessionEvent[], fail: Fail): void {
  const { initial, transitions } = SimulatedKind.workflow;
  let status: keyof typeof transitions = initial;
  for (const event of events) {
    if (event.type !== "status.changed") continue;
    const { from, to } = payloadOf(event) as { from: typeof status; to: typeof status };
    if (from !== status || !transitions[status].includes(to))
      fail(`status went ${from} → ${to} while it was ${status}`);
    status = to;
  }
}

/** Fired once for each time it was set, and not before it was due; a clock set back while a handler ran is allowed for. */
function checkTimers(events: readonly SessionEvent[], setBackMs: number, fail: Fail): void {
  const dueAt = new Map<string, number>();
  for (const event of events) {
    if (!event.type.startsWith("timer.")) continue;
    const { timerId, dueAt: due } = payloadOf(event) as { timerId: string; dueAt: number };
    if (event.type === "timer.set") {
      dueAt.set(timerId, due);
      continue;
    }
    const set = dueAt.get(timerId);
    if (set === undefined) fail(`${event.type} of ${timerId} at ${event.seq}, which is not set`);
    else if (event.type === "timer.fired" && Date.parse(event.createdAt) < set - setBackMs)
      fail(`${timerId} fired at ${event.createdAt}, due ${new Date(set).toISOString()}`);
    dueAt.delete(timerId);
  }
  for (const timerId of dueAt.keys()) fail(`${timerId} never fired`);
}

/** Each step once, each with its note, none after the end; and every work ends. */
function checkWork(events: readonly SessionEvent[], fail: Fail): void {
  const running = new Map<string, Set<string>>();
  const notes = new Map<string, number>();
  const ended = new Set<string>();
  for (const event of events) {
    const { workId, step } = payloadOf(event) as { workId: string; step: string };
    if (event.type === "noted.step") {
      notes.set(`${workId} ${step}`, (notes.get(`${workId} ${step}`) ?? 0) + 1);
    } else if (event.type === "work.started") {
      if (running.has(workId) || ended.has(workId)) fail(`${workId} was started twice`);
      running.set(workId, new Set());
    } else if (event.type === "step.completed") {
      const steps = running.get(workId);
      if (!steps || steps.has(step)) fail(`step ${step} of ${workId} is journaled twice, or after the end`);
      steps?.add(step);
    } else if (event.type === "work.completed" || event.type === "work.failed") {
      // Of a run's steps there are messages.
      for (const done of workId.startsWith("work-") ? (running.get(workId) ?? []) : [])
        if (notes.get(`${workId} ${done}`) !== 1)
          fail(`step ${done} of ${workId} is noted ${notes.get(`${workId} ${done}`) ?? 0} times`);
      if (!running.delete(workId)) fail(`${workId} ended twice`);
      ended.add(workId);
    }
  }
  for (const workId of running.keys()) fail(`${workId} never ended`);
}

/** The kind's own table holds what was committed, and nothing of what failed. */
function checkTally(object: SessionObject, events: readonly SessionEvent[], fail: Fail): void {
  const parts = new Map<string, number>();
  for (const event of events) {
    if (event.type !== "scatter.part") continue;
    const tag = String(payloadOf(event).tag);
    parts.set(tag, (parts.get(tag) ?? 0) + 1);
  }
  for (const row of object.database.peek("SELECT tag, parts FROM tally")) {
    const tag = String(row.tag);
    if (Number(row.parts) !== (parts.get(tag) ?? 0))
      fail(`the tally of ${tag} is ${row.parts}; the log has ${parts.get(tag) ?? 0}`);
    parts.delete(tag);
  }
  for (const tag of parts.keys()) fail(`${tag} is in the log and not in the tally`);
}
