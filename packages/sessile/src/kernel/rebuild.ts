import { SessileError } from "../protocol/error.ts";
import { type Actor, type Commit, lastSeqOf, type PackedEvent } from "../protocol/event.ts";
import type { Gate } from "../protocol/gate.ts";
import { parseProducerPosition } from "../protocol/ids.ts";
import { partsPatchedIn } from "../protocol/part.ts";
import { closedStream } from "../protocol/stream-fold.ts";
import type { SystemEventPayloads, SystemEventType } from "../protocol/system-event.ts";
import { emptyView, foldEvent, openStream, type SessionView, settleView } from "../protocol/view.ts";
import { dropReservation, putBudget, putQuestion, putRaise, putReservation } from "./budget-table.ts";
import { Checkpoint } from "./checkpoint.ts";
import { deleteChild, insertChild } from "./children.ts";
import type { KindDefinition } from "./definition.ts";
import type { DueTable } from "./due-table.ts";
import { answeredOutcome, gateDuePrefix, insertGate, putEscalated, readGate, settleGate } from "./gates.ts";
import type { Log } from "./log.ts";
import { Parts, refersToParts } from "./parts.ts";
import { Producers } from "./producers.ts";
import { defaultSnapshotPolicy, Snapshots } from "./snapshots.ts";
import type { Sql } from "./sql.ts";
import { StreamTable } from "./stream-table.ts";
import { putSummary, putSummaryRequest } from "./summaries.ts";
import { insertUsage } from "./usage.ts";
import { endWork, insertStep, insertWork } from "./work.ts";

export interface RebuildSource {
  readonly sql: Sql;
  readonly log: Log;
  readonly due: DueTable;
  readonly kind: KindDefinition;
  readonly kindName: string;
  readonly name: string;
}

const pageChars = 512 * 1024;

/** One row-writing rule for every kind of event that has a table; the same rows that writing the event made. */
type Projections = {
  [Type in SystemEventType]?: (
    tables: Tables,
    payload: SystemEventPayloads[Type],
    seq: number,
    at: number,
    actor: Actor | null,
  ) => void;
};

interface Tables {
  readonly sql: Sql;
  readonly due: DueTable;
  readonly snapshots: Snapshots;
  readonly parts: Parts;
  readonly streams: StreamTable;
  readonly keepViews: number;
  /** The view before the event. */
  before: SessionView;
}

const projections: Projections = {
  "gate.opened": ({ sql, due }, gate, seq, at) => insertGate(sql, due, { ...gate, openedAt: at }, seq),
  "gate.answered": (tables, { gateId, ...answered }, _seq, at, actor) =>
    settle(tables, gateId, answeredOutcome(answered, actor, at)),
  "gate.expired": (tables, { gateId, ...expiry }, _seq, at) =>
    settle(tables, gateId, { status: "expired", at, ...expiry }),
  "gate.escalated": ({ sql, due }, { gateId, to }) => void putEscalated(sql, due, knownGate(sql, gateId), to),
  "timer.set": ({ due }, { timerId, dueAt, name, input }) => due.put(timerId, dueAt, name, input),
  "timer.cancelled": ({ due }, { timerId }) => due.drop(timerId),
  "timer.fired": ({ due }, { timerId }) => due.drop(timerId),
  "work.started": ({ sql }, work) => insertWork(sql, work),
  "step.completed": ({ sql }, { workId, step, result }) => insertStep(sql, workId, step, result),
  "work.completed": ({ sql }, { workId, result }) => endWork(sql, workId, "completed", result),
  "work.failed": ({ sql }, { workId, message }) => endWork(sql, workId, "failed", { message }),
  "stream.opened": ({ streams }, { streamId }, seq) => streams.insert(streamId, seq),
  "stream.segment": ({ streams, before }, { streamId, at }, seq) => {
    const stream = openStream(before, streamId);
    if (stream) streams.index(stream, at, seq);
  },
  "stream.ended": ({ streams, before }, ended, seq, at) => {
    const stream = openStream(before, ended.streamId);
    if (stream) streams.close(closedStream(stream, { to: "ended", ...ended }, seq, at));
  },
  "stream.failed": ({ streams, before }, failed, seq, at) => {
    const stream = openStream(before, failed.streamId);
    if (stream) streams.close(closedStream(stream, { to: "failed", ...failed }, seq, at));
  },
  "stream.deleted": ({ streams }, { streamId }) => streams.delete(streamId),
  "snapshot.sealed": ({ snapshots, before, keepViews }, snapshot, _seq, at) =>
    snapshots.put({ ...snapshot, createdAt: at }, before, keepViews),
  "summary.requested": ({ sql }, { style }, seq, at) =>
    putSummaryRequest(sql, { seq, style, requestedAt: at }),
  "summary.created": ({ sql }, summary, seq, at) => putSummary(sql, { ...summary, seq, createdAt: at }),
  "session.child_added": ({ sql }, child, seq) => insertChild(sql, child, seq),
  "session.child_removed": ({ sql }, child) => deleteChild(sql, child),
  "usage.recorded": ({ sql }, entry, seq, at) => insertUsage(sql, { ...entry, seq, at }),
  "usage.budget_set": ({ sql }, budget) => putBudget(sql, budget),
  "usage.budget_asked": ({ sql }, question) => putQuestion(sql, question),
  "usage.budget_raised": ({ sql }, raise) => putRaise(sql, raise),
  "usage.reserved": ({ sql }, reservation) => putReservation(sql, reservation),
  "usage.released": ({ sql }, { reservationId }) => dropReservation(sql, reservationId),
};

/**
 * Empties every table that follows from the log and fills it again, reading the log once in pages. The caller holds the
 * transaction. What no event tells (failure counts of timers, the library's own due work) is left to those who own it.
 */
export function rebuildTables({ sql, log, due, kind, kindName, name }: RebuildSource): SessionView {
  clearTables(sql);
  due.touch();
  const { maxRowBytes } = kind.limits;
  const producers = new Producers(sql);
  const tables: Tables = {
    sql,
    due,
    snapshots: new Snapshots(sql, maxRowBytes),
    parts: new Parts(sql, due, kind.limits),
    streams: new StreamTable(sql, maxRowBytes),
    keepViews: (kind.snapshots ?? defaultSnapshotPolicy).keepViews,
    before: emptyView(kindName, name),
  };
  tables.parts.forgetReferences();
  for (let more = true; more; ) {
    const page = log.readAfter(tables.before.lastSeq, pageChars);
    more = page.more;
    for (const { body } of page.commits) {
      const commit = JSON.parse(body) as Commit;
      foldInto(tables, commit);
      producers.advance(commit);
    }
    producers.checkpoint();
    producers.settled();
  }
  new Checkpoint(sql, maxRowBytes).write(tables.before);
  return tables.before;
}

function foldInto(tables: Tables, commit: Commit): void {
  if (commit.firstSeq !== tables.before.lastSeq + 1)
    throw new SessileError("internal", `The log has a gap before event ${commit.firstSeq}.`);
  let view = tables.before;
  for (const [index, event] of commit.events.entries()) {
    const seq = commit.firstSeq + index;
    const project = Object.hasOwn(projections, event.type)
      ? (projections[event.type as SystemEventType] as Project)
      : null;
    if (project) {
      if (index > 0) tables.before = settleView(view, seq - 1, commit.at);
      const actor = event.by === undefined ? null : (commit.actors[event.by] ?? null);
      project(tables, event.payload, seq, commit.at, actor);
    }
    indexForeignId(tables.sql, event, seq);
    if (refersToParts(event)) tables.parts.refer(event.payload, seq);
    view = foldEvent(view, event, seq, commit.at);
    if (partsPatchedIn(event).length > 0) tables.parts.refer(view.state, seq);
  }
  tables.before = settleView(view, lastSeqOf(commit), commit.at);
}

type Project = (tables: Tables, payload: unknown, seq: number, at: number, actor: Actor | null) => void;

function indexForeignId(sql: Sql, { clientEventId }: PackedEvent, seq: number): void {
  if (clientEventId === undefined || parseProducerPosition(clientEventId)) return;
  sql.exec("INSERT INTO _sessile_client_event VALUES (?, ?)", clientEventId, seq);
}

function settle({ sql, due }: Tables, gateId: string, outcome: Parameters<typeof settleGate>[3]): void {
  settleGate(sql, due, knownGate(sql, gateId), outcome);
}

function knownGate(sql: Sql, gateId: string): Gate {
  const record = readGate(sql, gateId);
  if (record) return record.gate;
  throw new SessileError("internal", `The log tells of gate ${gateId}, which was never opened.`);
}

function clearTables(sql: Sql): void {
  for (const table of [
    "view",
    "producer",
    "client_event",
    "gate",
    "work",
    "step",
    "snapshot",
    "summary",
    "summary_request",
    "usage",
    "budget",
    "reservation",
    "child",
  ])
    sql.exec(`DELETE FROM _sessile_${table}`);
  sql.exec(
    "DELETE FROM _sessile_timer WHERE name <> '' OR substr(timer_id, 1, ?) = ?",
    gateDuePrefix.length,
    gateDuePrefix,
  );
  for (const table of ["stream", "segment"]) sql.exec(`DELETE FROM _sessile_${table}`);
  sql.exec("DELETE FROM _sessile_continuation WHERE substr(owner, 1, 7) = 'stream:'");
  sql.exec("DELETE FROM _sessile_continuation WHERE owner = 'view' OR substr(owner, 1, 9) = 'snapshot:'");
}
