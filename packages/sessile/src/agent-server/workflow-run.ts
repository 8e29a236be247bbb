import { StreamObjects } from "../object/streams/stream-objects.ts";
import { type Json, type RunStop, SessileError, type StreamManager, sha256Hex } from "../protocol/index.ts";
import type { AgentStatus, RunStatus, SessionState, StoredSessionState } from "../protocol/session-state.ts";
import type { InterruptFlag, SessionStateStore } from "../protocol/state-store.ts";
import type { UsageStore } from "../protocol/usage-store.ts";
import type { D1Database } from "../record/index.ts";
import { createD1StateStore, createD1UsageStore } from "../stores/index.ts";

/** What runs on Workflows need beside their own binding, under these names. */
export interface WorkflowRunBindings {
  readonly SESSILE_RECORD?: D1Database;
  readonly SESSILE_STREAM?: DurableObjectNamespace;
  /** Serves readers that a stream's object has no room for. */
  readonly SESSILE_RELAY?: DurableObjectNamespace;
}

/** Where a run on a Workflow keeps what the session object keeps for one of its own. */
export interface RunStores {
  readonly state: SessionStateStore;
  readonly usage: UsageStore;
  readonly streams: StreamManager;
}

/** What an instance of the Workflow is started with. All else lies in the store. */
export type RunParams = {
  readonly sessionId: string;
  readonly runId: string;
  readonly instance: number;
  /** Name of the Workflow's own binding, for the next instance. */
  readonly binding: string;
};

/** The run that a session is at, or was last. Lies in the state's `metadata.run`. */
export type RunTicket = {
  readonly runId: string;
  readonly agent: string;
  /** Id of whoever did; absent in older states. */
  readonly startedBy?: string | null;
  /** Milliseconds since 1970. */
  readonly deadlineAt: number | null;
  /** Which instance carries it: an instance takes so many steps, then there is a next one. */
  readonly instance: number;
  /** Messages there were when that instance began. */
  readonly fromMessage: number;
};

/** @throws SessileError `unavailable` without the bindings */
export function openStores(env: unknown): RunStores {
  const { SESSILE_RECORD: db, SESSILE_STREAM: streams, SESSILE_RELAY: relays } = env as WorkflowRunBindings;
  if (!db || !streams)
    throw new SessileError(
      "unavailable",
      `The binding ${db ? "SESSILE_STREAM" : "SESSILE_RECORD"} is missing: runs on Workflows are kept there.`,
    );
  return {
    state: createD1StateStore(db),
    usage: createD1UsageStore(db),
    streams: new StreamObjects(streams, relays ? { binding: "SESSILE_STREAM", namespace: relays } : null),
  };
}

export function ticketOf({ metadata }: Pick<SessionState, "metadata">): RunTicket | null {
  return (metadata.run as RunTicket | undefined) ?? null;
}

/** The part that a save replaces, with the run it belongs to. */
export function stateWith(stored: StoredSessionState, ticket: RunTicket): SessionState {
  const { sessionId, version, messageCount, checkpointId, createdAt, updatedAt, ...state } = stored;
  return { ...state, metadata: { ...state.metadata, run: ticket as unknown as Json } };
}

/** How the row of a session's run says it. */
export function runStatusOf(status: AgentStatus): RunStatus {
  return status === "active" ? "running" : (status as RunStatus);
}

/** Streams of all sessions lie side by side. */
export function streamNameOf(sessionId: string, runId: string): string {
  return `runs/${sessionId}/${runId}`;
}

/** A Workflow takes ids of 100 plain characters. */
export function instanceIdOf({ sessionId, runId, instance }: Omit<RunParams, "binding">): string {
  return `${sha256Hex(`${sessionId}/${runId}`).slice(0, 40)}-${instance}`;
}

/** Whose run is meant is part of the wish: it may come when that run has ended. */
export function stopReason(how: RunStop, runId: string): string {
  return `${how}:${runId}`;
}

/** What an interrupt flag asks of a run; one that somebody else has set means whatever goes on. */
export function stopOf(flag: InterruptFlag | null, runId: string): RunStop | null {
  if (!flag) return null;
  const [how, ...rest] = flag.reason.split(":");
  if (rest.length === 0 || (how !== "abort" && how !== "interrupt")) return "interrupt";
  return rest.join(":") === runId ? how : null;
}
