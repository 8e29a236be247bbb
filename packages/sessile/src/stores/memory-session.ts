import type { AgentMessage, SessionState, StoredSessionState } from "../protocol/session-state.ts";
import type { Checkpoint, InterruptFlag, Run, Staging, SubSessionRef } from "../protocol/state-store.ts";

/** All that is kept of one session. Never changed in place: a write makes another and puts it in its stead. */
export interface MemorySession {
  readonly state: SessionState;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly messages: readonly AgentMessage[];
  /** Oldest first. */
  readonly checkpoints: readonly Checkpoint[];
  readonly stagings: ReadonlyMap<string, Staging>;
  /** Oldest first. */
  readonly runs: readonly Run[];
  readonly subSessions: readonly SubSessionRef[];
  readonly interrupt: InterruptFlag | null;
}

export function newSession(state: SessionState, at: number): MemorySession {
  return {
    state,
    version: 1,
    createdAt: at,
    updatedAt: at,
    messages: [],
    checkpoints: [],
    stagings: new Map(),
    runs: [],
    subSessions: [],
    interrupt: null,
  };
}

export function storedState(sessionId: string, session: MemorySession): StoredSessionState {
  const { state, version, createdAt, updatedAt, messages, checkpoints } = session;
  return {
    ...state,
    sessionId,
    version,
    messageCount: messages.length,
    checkpointId: checkpoints.at(-1)?.checkpointId ?? null,
    createdAt,
    updatedAt,
  };
}

/** A session as a write makes it, part by part. Only what was given to `put` as a whole is seen by others. */
export class SessionDraft {
  #session: MemorySession;
  readonly #beforeChange: (part: string) => void;

  constructor(session: MemorySession, beforeChange: (part: string) => void) {
    this.#session = session;
    this.#beforeChange = beforeChange;
  }

  get session(): MemorySession {
    return this.#session;
  }

  set<Part extends keyof MemorySession>(part: Part, value: MemorySession[Part]): void {
    this.#beforeChange(part);
    this.#session = { ...this.#session, [part]: value };
  }

  setState(changes: Partial<SessionState>, at: number): void {
    this.set("state", { ...this.#session.state, ...changes });
    this.set("version", this.#session.version + 1);
    this.set("updatedAt", at);
  }

  truncate(messageCount: number): void {
    this.set("messages", this.#session.messages.slice(0, messageCount));
    this.set(
      "checkpoints",
      this.#session.checkpoints.filter((checkpoint) => checkpoint.messageCount <= messageCount),
    );
  }

  setStaging(stagingId: string, staging: Staging): void {
    this.set("stagings", new Map(this.#session.stagings).set(stagingId, staging));
  }
}

/** The sessions, and how they are changed: what a write throws leaves everything as it was. */
export interface MemoryTables {
  readonly sessions: Map<string, MemorySession>;
  now(): number;
  /** @throws SessileError `not_found` */
  change<T>(sessionId: string, write: (draft: SessionDraft) => T): T;
  /** The same, and `otherwise` if there is no such session. */
  changeIfThere<T>(sessionId: string, write: (draft: SessionDraft) => T, otherwise: T): T;
  put(sessionId: string, session: MemorySession): void;
}
