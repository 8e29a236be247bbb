import type { Json } from "./json.ts";

/** What an agent's session is doing. `active` means that a run holds it; whoever begins one takes it by compare-and-set. */
export const agentStatuses = [
  "idle",
  "active",
  "paused",
  "interrupted",
  "suspended_client_tool",
  "suspended_awaiting_children",
  "suspended_step_partial",
  "completed",
  "failed",
] as const;
export type AgentStatus = (typeof agentStatuses)[number];

/** How a run stands, or how it ended. The suspended ones are resumed by another run. */
export const runStatuses = [
  "running",
  "completed",
  "failed",
  "interrupted",
  "suspended_client_tool",
  "suspended_awaiting_children",
  "suspended_step_partial",
] as const;
export type RunStatus = (typeof runStatuses)[number];

/** An object of JSON: no array, no scalar. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A message as the model is shown it. Only its role is looked at. */
export interface AgentMessage extends JsonObject {
  readonly role: string;
}

/** Why a session waits, and what it needs to go on. Written and read as one. */
export interface SuspensionContext {
  /** Ids of the sub-sessions it waits for. */
  readonly suspendedAwaitingChildren?: readonly string[];
  /** The step that is to be finished. */
  readonly suspendedStepId?: string;
  readonly tracingContext?: JsonObject;
  /** Milliseconds since 1970: then the session lapses. */
  readonly expiresAt?: number;
  readonly failureReason?: string;
}

/** An agent's session apart from its messages: what one save replaces. */
export interface SessionState {
  readonly agentType: string;
  /** Where its output streams to. */
  readonly streamId: string;
  readonly parentSessionId: string | null;
  /** The top of the tree of sessions; null if this is it. */
  readonly rootSessionId: string | null;
  readonly status: AgentStatus;
  readonly stepCount: number;
  readonly resumeCount: number;
  readonly output: Json;
  readonly error: string | null;
  /** Tells failures apart for whoever handles them: `expired`, `aborted`, `child_failed`, … */
  readonly failureReason: string | null;
  readonly aborted: boolean;
  readonly abortReason: string | null;
  readonly customState: JsonObject;
  readonly userId: string | null;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  /** Calls that wait for a person or a client, by call id. */
  readonly pendingClientToolCalls: JsonObject;
  /** What was answered to calls, by call id: so that a repeated answer is recognised. */
  readonly completedClientToolCalls: JsonObject;
  /** Which session of the tree owns a call, by call id. */
  readonly clientToolCallOwnership: { readonly [callId: string]: string };
  /** Null unless it waits. */
  readonly suspension: SuspensionContext | null;
}

/** A state as it is stored. */
export interface StoredSessionState extends SessionState {
  readonly sessionId: string;
  /** Rises by one with every change of the state. Messages do not change it. */
  readonly version: number;
  /** Messages there were when this was read: they and the state are of one moment. */
  readonly messageCount: number;
  /** The newest checkpoint, or null. */
  readonly checkpointId: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A new agent's state. */
export function initialSessionState(
  agentType: string,
  streamId: string,
  overrides: Partial<SessionState> = {},
): SessionState {
  return {
    agentType,
    streamId,
    parentSessionId: null,
    rootSessionId: null,
    status: "idle",
    stepCount: 0,
    resumeCount: 0,
    output: null,
    error: null,
    failureReason: null,
    aborted: false,
    abortReason: null,
    customState: {},
    userId: null,
    tags: [],
    metadata: {},
    pendingClientToolCalls: {},
    completedClientToolCalls: {},
    clientToolCallOwnership: {},
    suspension: null,
    ...overrides,
  };
}
