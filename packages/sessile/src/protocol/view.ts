import type { Commit, PackedEvent } from "./event.ts";
import { lastSeqOf } from "./event.ts";
import type { Gate } from "./gate.ts";
import type { Json } from "./json.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { SystemEventPayloads, SystemEventType } from "./system-event.ts";

/**
 * What a session is at one seq. It is the fold of the log from 1 to `lastSeq`: server and client compute it with the
 * same function below, so they cannot disagree.
 */
export interface SessionView<State = Json> {
  readonly kind: string;
  readonly name: string;
  readonly lifecycle: Lifecycle;
  readonly lifecycleVersion: number;
  /** The kind's domain state, or null for a kind without a workflow. */
  readonly status: string | null;
  readonly statusVersion: number;
  readonly state: State;
  /** Seq of the last change of `state`. */
  readonly version: number;
  /** Gates that wait, by id. */
  readonly gates: { readonly [gateId: string]: Gate };
  /** Work that runs: name by work id. */
  readonly work: { readonly [workId: string]: string };
  readonly lastSeq: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export function emptyView(kind: string, name: string): SessionView {
  return {
    kind,
    name,
    lifecycle: "initializing",
    lifecycleVersion: 0,
    status: null,
    statusVersion: 0,
    state: null,
    version: 0,
    gates: {},
    work: {},
    lastSeq: 0,
    createdAt: 0,
    updatedAt: 0,
  };
}

/** The view after a commit. A commit that begins after `view.lastSeq + 1` is a gap and must not be folded. */
export function foldCommit<State>(view: SessionView<State>, commit: Commit): SessionView<State> {
  let next = view as SessionView<Json>;
  for (let index = Math.max(0, view.lastSeq + 1 - commit.firstSeq); index < commit.events.length; index++) {
    next = foldEvent(next, commit.events[index] as PackedEvent, commit.firstSeq + index, commit.at);
  }
  return settleView(next, lastSeqOf(commit), commit.at) as SessionView<State>;
}

/** Stamps the position reached; kept apart from `foldEvent` so that events nobody folds cost no copy of the view. */
export function settleView(view: SessionView, lastSeq: number, at: number): SessionView {
  return { ...view, lastSeq, updatedAt: at };
}

type Fold = {
  [Type in SystemEventType]?: (
    view: SessionView,
    payload: SystemEventPayloads[Type],
    seq: number,
    at: number,
  ) => SessionView;
};

const folds: Fold = {
  "session.created": (view, { kind, name, state, status }, seq, at) => ({
    ...view,
    kind,
    name,
    state,
    version: seq,
    status,
    statusVersion: seq,
    lifecycleVersion: seq,
    createdAt: at,
  }),
  "session.lifecycle_changed": (view, { to }, seq) => ({ ...view, lifecycle: to, lifecycleVersion: seq }),
  "status.changed": (view, { to }, seq) => ({ ...view, status: to, statusVersion: seq }),
  "state.changed": (view, { state }, seq) => ({ ...view, state, version: seq }),
  "gate.opened": (view, gate, _seq, at) => ({
    ...view,
    gates: { ...view.gates, [gate.gateId]: { ...gate, openedAt: at } },
  }),
  "gate.answered": (view, { gateId }) => ({ ...view, gates: without(view.gates, gateId) }),
  "gate.expired": (view, { gateId }) => ({ ...view, gates: without(view.gates, gateId) }),
  "work.started": (view, { workId, name }) => ({ ...view, work: { ...view.work, [workId]: name } }),
  "work.completed": (view, { workId }) => ({ ...view, work: without(view.work, workId) }),
  "work.failed": (view, { workId }) => ({ ...view, work: without(view.work, workId) }),
};

/** The view after one event; events that change nothing here return the same object. */
export function foldEvent(view: SessionView, event: PackedEvent, seq: number, at: number): SessionView {
  if (!Object.hasOwn(folds, event.type)) return view;
  const fold = folds[event.type as SystemEventType] as (
    view: SessionView,
    payload: unknown,
    seq: number,
    at: number,
  ) => SessionView;
  return fold(view, event.payload, seq, at);
}

function without<T>(record: { readonly [key: string]: T }, key: string): { readonly [key: string]: T } {
  const { [key]: _gone, ...rest } = record;
  return rest;
}
