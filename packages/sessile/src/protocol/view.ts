import type { SessionAccess } from "./access.ts";
import type { Commit, PackedEvent } from "./event.ts";
import { lastSeqOf } from "./event.ts";
import type { ParentLink } from "./family.ts";
import { escalatedGate, type Gate } from "./gate.ts";
import type { GatePolicy } from "./gate-policy.ts";
import type { Json } from "./json.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { applyPatch, StateMismatch, stateSum } from "./state-patch.ts";
import type { StreamInfo } from "./stream.ts";
import { grownStream, type OpenStreams, openedStream, withdrawnFrom } from "./stream-fold.ts";
import type { StateChange, SystemEventPayloads, SystemEventType } from "./system-event.ts";

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
  /** What is always allowed here, by id; absent if there is nothing. */
  readonly policies?: { readonly [policyId: string]: GatePolicy };
  /** Work that runs: name by work id. */
  readonly work: { readonly [workId: string]: string };
  /** Streams that are active or paused, by id; absent if there is none. */
  readonly streams?: OpenStreams;
  /** Absent where the kind of session has no owners. */
  readonly access?: SessionAccess;
  /** Absent where no session made this one. */
  readonly parent?: ParentLink;
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

/** The view after a commit; one that was folded before changes nothing. A commit that begins after `view.lastSeq + 1` is a gap and must not be folded. */
export function foldCommit<State>(view: SessionView<State>, commit: Commit): SessionView<State> {
  if (lastSeqOf(commit) <= view.lastSeq) return view;
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
  "session.access_changed": (view, access) => ({ ...view, access }),
  "session.adopted": (view, parent) => ({ ...view, parent }),
  "status.changed": (view, { to }, seq) => ({ ...view, status: to, statusVersion: seq }),
  "state.changed": (view, change, seq) => ({ ...view, state: changedState(view, change), version: seq }),
  "gate.opened": (view, gate, _seq, at) => ({
    ...view,
    gates: { ...view.gates, [gate.gateId]: { ...gate, openedAt: at } },
  }),
  "gate.answered": (view, { gateId }) => ({ ...view, gates: without(view.gates, gateId) }),
  "gate.expired": (view, { gateId }) => ({ ...view, gates: without(view.gates, gateId) }),
  "gate.escalated": (view, { gateId, to }) => {
    const gate = Object.hasOwn(view.gates, gateId) ? view.gates[gateId] : undefined;
    return gate ? { ...view, gates: { ...view.gates, [gateId]: escalatedGate(gate, to) } } : view;
  },
  "gate.policy_added": (view, policy, _seq, at) => ({
    ...view,
    policies: { ...view.policies, [policy.policyId]: { ...policy, createdAt: at } },
  }),
  "gate.policy_revoked": (view, { policyId }) => {
    const { policies = {}, ...others } = view;
    const left = without(policies, policyId);
    return Object.keys(left).length === 0 ? others : { ...others, policies: left };
  },
  "work.started": (view, { workId, name }) => ({ ...view, work: { ...view.work, [workId]: name } }),
  "work.completed": (view, { workId }) => ({ ...view, work: without(view.work, workId) }),
  "work.failed": (view, { workId }) => ({ ...view, work: without(view.work, workId) }),
  "stream.opened": (view, opened, seq, at) => withStream(view, openedStream(opened, seq, at)),
  "stream.segment": (view, segment) =>
    inStream(view, segment.streamId, (stream) => grownStream(stream, segment)),
  "stream.paused": (view, { streamId }) =>
    inStream(view, streamId, (stream) => ({ ...stream, status: "paused" })),
  "stream.resumed": (view, { streamId }) =>
    inStream(view, streamId, (stream) => ({ ...stream, status: "active" })),
  "stream.ended": (view, { streamId }) => withoutStream(view, streamId),
  "stream.failed": (view, { streamId }) => withoutStream(view, streamId),
  "stream.cleaned": (view, { streamId, from }, seq) =>
    inStream(view, streamId, (stream) => withdrawnFrom(stream, from, seq)),
  "stream.reset": (view, { stream }) => withStream(view, stream),
  "stream.deleted": (view, { streamId }) => withoutStream(view, streamId),
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

/** @throws StateMismatch if the change was made for another state than the view's */
function changedState({ state, version }: SessionView, change: StateChange): Json {
  if ("state" in change) return change.state;
  if (change.base !== version)
    throw new StateMismatch(`The state is at version ${version}, and changed from ${change.base}.`);
  const changed = applyPatch(state, change.patch);
  if (change.sum !== undefined && change.sum !== stateSum(changed))
    throw new StateMismatch("The state went its own way.");
  return changed;
}

/** An open stream of the view; undefined if it has ended or never was. */
export function openStream({ streams }: SessionView, streamId: string): StreamInfo | undefined {
  return streams && Object.hasOwn(streams, streamId) ? streams[streamId] : undefined;
}

function withStream(view: SessionView, stream: StreamInfo): SessionView {
  return { ...view, streams: { ...view.streams, [stream.streamId]: stream } };
}

function inStream(
  view: SessionView,
  streamId: string,
  change: (stream: StreamInfo) => StreamInfo,
): SessionView {
  const stream = openStream(view, streamId);
  return stream ? withStream(view, change(stream)) : view;
}

function withoutStream(view: SessionView, streamId: string): SessionView {
  const { streams = {}, ...others } = view;
  const { [streamId]: _gone, ...open } = streams;
  return Object.keys(open).length === 0 ? others : { ...view, streams: open };
}

function without<T>(record: { readonly [key: string]: T }, key: string): { readonly [key: string]: T } {
  const { [key]: _gone, ...rest } = record;
  return rest;
}
