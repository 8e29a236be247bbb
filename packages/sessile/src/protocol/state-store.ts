import type { Json } from "./json.ts";
import type {
  AgentMessage,
  AgentStatus,
  JsonObject,
  RunStatus,
  SessionState,
  StoredSessionState,
} from "./session-state.ts";

/** What a compare-and-set came to. A session that is not there has no status and version 0. */
export type SetResult =
  | { readonly ok: true; readonly newVersion: number }
  | { readonly ok: false; readonly currentStatus: AgentStatus | null; readonly currentVersion: number };

export type SaveResult =
  | { readonly ok: true; readonly newVersion: number; readonly messageCount: number }
  | {
      readonly ok: false;
      readonly currentStatus: AgentStatus | null;
      readonly currentVersion: number;
      /** The checkpoint that this staging was promoted to by an earlier save, if that is why. */
      readonly promotedTo: string | null;
    };

/** A step's messages on their way into the conversation. */
export interface StagedMessage {
  /** Unique within the staging, such as the tool call's id: the first message under a key stands. */
  readonly key: string;
  readonly message: AgentMessage;
}

export interface Staging {
  readonly messages: readonly StagedMessage[];
  /** The checkpoint it was promoted to; its messages are then in the conversation. Null while it waits, empty if there was none. */
  readonly promotedTo: string | null;
}

export interface CheckpointDraft {
  readonly checkpointId: string;
  /** End of the output stream when the state was as it is saved. */
  readonly streamSequence: number;
}

/** Where a run can be taken up again. Messages are counted, not copied. */
export interface Checkpoint extends CheckpointDraft {
  readonly sessionId: string;
  readonly stepCount: number;
  readonly messageCount: number;
  readonly state: SessionState;
  readonly createdAt: number;
}

export interface RunChange {
  readonly status?: RunStatus;
  readonly stepCount?: number;
  /** Call ids, children or the step that a resume needs. */
  readonly outcome?: Json;
}

export interface Run {
  readonly runId: string;
  readonly sessionId: string;
  /** 1 for the session's first run. */
  readonly turn: number;
  readonly status: RunStatus;
  readonly stepCount: number;
  /** Offset of the output stream at which this run began. */
  readonly startSequence: number;
  readonly outcome: Json;
  readonly startedAt: number;
  /** Null while it runs. */
  readonly completedAt: number | null;
}

/** Everything that one step changes. */
export interface AtomicSave {
  readonly state: SessionState;
  /** The version that the state was made from. */
  readonly expectedVersion: number;
  /** Messages from this count on are dropped first: going back to a checkpoint. */
  readonly truncateTo?: number;
  /** Its messages become part of the conversation, in their order and before `messages`. */
  readonly stagingId?: string;
  readonly messages?: readonly AgentMessage[];
  readonly checkpoint?: CheckpointDraft;
  /** Of a run that is not there nothing is kept. */
  readonly run?: RunChange & { readonly runId: string };
}

export type SubSessionMode = "ephemeral" | "persistent";

export interface SubSessionRef {
  readonly subSessionId: string;
  readonly agentType: string;
  readonly parentToolCallId: string;
  readonly status: AgentStatus;
  /** Where it runs, if not here. */
  readonly remote: JsonObject | null;
  readonly mode: SubSessionMode;
  /** Of a persistent one. */
  readonly name: string | null;
  readonly startedAt: number;
  readonly completedAt: number | null;
}

export interface InterruptFlag {
  readonly reason: string;
  readonly timestamp: number;
}

export interface MessagePage {
  readonly messages: readonly AgentMessage[];
  readonly hasMore: boolean;
}

/**
 * What a run of an agent keeps, wherever it runs. Four implementations, one contract suite (`stateStoreContract` of `sessile/testing`).
 *
 * Every write is all or nothing and settled when it is answered; one whose answer was lost is `unavailable`. Writes to a session
 * that is not there are `not_found`, apart from those that answer with a result. There is no fallback for stores that cannot do
 * `saveStateAndPromoteStaging` in one transaction: they are no stores.
 */
export interface SessionStateStore {
  /** @returns false if there is one */
  createSession(sessionId: string, state: SessionState): Promise<boolean>;
  sessionExists(sessionId: string): Promise<boolean>;
  /** With everything of it. @returns false if there was none */
  deleteSession(sessionId: string): Promise<boolean>;
  /** The session's state goes, and with it the session: `deleteSession` by the name that goes with `saveState`. */
  deleteState(sessionId: string): Promise<boolean>;

  loadState(sessionId: string): Promise<StoredSessionState | null>;
  /** Replaces the whole state. Without a version it creates the session if need be; with version 0 it only creates it. */
  saveState(
    sessionId: string,
    state: SessionState,
    options?: { readonly expectedVersion?: number },
  ): Promise<SaveResult>;
  /** The state, the conversation, a staging, a checkpoint and a run, visible together or not at all. */
  saveStateAndPromoteStaging(sessionId: string, save: AtomicSave): Promise<SaveResult>;
  /** @param options.error replaces the state's error; absent leaves it */
  compareAndSetStatus(
    sessionId: string,
    expected: readonly AgentStatus[],
    next: AgentStatus,
    options?: { readonly error?: string | null; readonly expectedVersion?: number },
  ): Promise<SetResult>;
  updateStatus(sessionId: string, status: AgentStatus): Promise<number>;
  /** @returns the new count */
  incrementStepCount(sessionId: string): Promise<number>;
  incrementResumeCount(sessionId: string): Promise<number>;
  /**
   * Merges changes into `customState` as RFC 7396 says: objects in depth, null removes a key, anything else replaces.
   * Merges of different keys at the same time are both kept.
   *
   * @returns warnings about what a merge cannot do: arrays replace, they are not joined
   */
  mergeCustomState(
    sessionId: string,
    changes: JsonObject,
  ): Promise<{ readonly newVersion: number; readonly warnings: readonly string[] }>;
  /** Sessions whose suspension has lapsed become `failed`, reason `expired`, their pending calls dropped. @returns their ids */
  expireSessions(now: number, options?: { readonly limit?: number }): Promise<readonly string[]>;

  /** @returns the count of messages there are now */
  appendMessages(sessionId: string, messages: readonly AgentMessage[]): Promise<number>;
  /** In order, from message `offset` on; a page ends at `limit` (100) or 4 MB. */
  getMessages(
    sessionId: string,
    options?: { readonly offset?: number; readonly limit?: number },
  ): Promise<MessagePage>;
  getMessageCount(sessionId: string): Promise<number>;
  /** Drops messages beyond the count, and checkpoints that counted them. @returns the count of messages there are now */
  truncateMessages(sessionId: string, messageCount: number): Promise<number>;

  /** @returns false if the staging was promoted before: then nothing is staged */
  stageMessages(sessionId: string, stagingId: string, messages: readonly StagedMessage[]): Promise<boolean>;
  getStaging(sessionId: string, stagingId: string): Promise<Staging | null>;
  discardStaging(sessionId: string, stagingId: string): Promise<boolean>;

  getCheckpoint(sessionId: string, checkpointId: string): Promise<Checkpoint | null>;
  getLatestCheckpoint(sessionId: string): Promise<Checkpoint | null>;
  /** Newest first. */
  listCheckpoints(
    sessionId: string,
    options?: { readonly offset?: number; readonly limit?: number },
  ): Promise<{
    readonly checkpoints: readonly Omit<Checkpoint, "state">[];
    readonly total: number;
    readonly hasMore: boolean;
  }>;
  /** Keeps the newest ones. @returns how many went */
  pruneCheckpoints(sessionId: string, keep: number): Promise<number>;

  /** A known id starts nothing. @returns the run of this id */
  createRun(
    sessionId: string,
    run: { readonly runId: string; readonly startSequence?: number },
  ): Promise<Run>;
  /** @param options.expected changes it only while it has one of these. @returns the run as it is now, and whether that is from this change */
  updateRun(
    sessionId: string,
    runId: string,
    change: RunChange,
    options?: { readonly expected?: readonly RunStatus[] },
  ): Promise<{ readonly ok: boolean; readonly run: Run | null }>;
  /** The newest run, or null. */
  getCurrentRun(sessionId: string): Promise<Run | null>;
  /** Newest first. */
  listRuns(
    sessionId: string,
    options?: { readonly offset?: number; readonly limit?: number },
  ): Promise<readonly Run[]>;

  /** @returns false if it is known; then nothing changes */
  addSubSessionRef(
    sessionId: string,
    ref: Omit<SubSessionRef, "startedAt" | "completedAt">,
  ): Promise<boolean>;
  /** A status without successors (`completed`, `failed`) sets `completedAt`. @returns false if it is not known */
  updateSubSessionRef(sessionId: string, subSessionId: string, status: AgentStatus): Promise<boolean>;
  getSubSessionRefs(sessionId: string): Promise<readonly SubSessionRef[]>;

  /** Lasts until it is cleared, whatever restarts. */
  setInterruptFlag(sessionId: string, reason: string): Promise<void>;
  checkInterruptFlag(sessionId: string): Promise<InterruptFlag | null>;
  /** @returns false if there was none */
  clearInterruptFlag(sessionId: string): Promise<boolean>;
}

/** The same, answered at once: for code that runs inside a session's commit. */
export type SyncSessionStateStore = {
  readonly [Name in keyof SessionStateStore]: (
    ...args: Parameters<SessionStateStore[Name]>
  ) => Awaited<ReturnType<SessionStateStore[Name]>>;
};

/** @param random six hexadecimal digits */
export function checkpointIdOf(sessionId: string, stepCount: number, at: number, random: string): string {
  return `cpv1-${sessionId}-s${stepCount}-t${at}-${random}`;
}
