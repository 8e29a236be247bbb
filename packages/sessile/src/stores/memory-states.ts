import { deepFreeze } from "../protocol/index.ts";
import type { AgentStatus, JsonObject, SessionState } from "../protocol/session-state.ts";
import type { SaveResult, SyncSessionStateStore } from "../protocol/state-store.ts";
import { memoryConversation } from "./memory-conversation.ts";
import { type MemorySession, type MemoryTables, newSession, storedState } from "./memory-session.ts";
import { mergePatch, mergeWarnings } from "./merge-patch.ts";
import { stateFromText, stateText, stateValues } from "./state-row.ts";
import { assertAgentStatus, assertName, assertWhole, pageOf, storedText } from "./store-input.ts";

type States = Pick<
  SyncSessionStateStore,
  | "createSession"
  | "sessionExists"
  | "deleteSession"
  | "deleteState"
  | "loadState"
  | "saveState"
  | "saveStateAndPromoteStaging"
>;
type Statuses = Pick<
  SyncSessionStateStore,
  | "compareAndSetStatus"
  | "updateStatus"
  | "incrementStepCount"
  | "incrementResumeCount"
  | "mergeCustomState"
  | "expireSessions"
>;

export function memoryStates({ sessions, now, change, put }: MemoryTables): States {
  const conversation = memoryConversation(now);
  const create = (sessionId: string, state: SessionState): boolean => {
    assertName("sessionId", sessionId);
    const copy = stateCopy(state);
    if (sessions.has(sessionId)) return false;
    put(sessionId, newSession(copy, now()));
    return true;
  };
  return {
    createSession: create,
    sessionExists: (sessionId) => sessions.has(sessionId),
    deleteSession: (sessionId) => sessions.delete(sessionId),
    deleteState: (sessionId) => sessions.delete(sessionId),
    loadState(sessionId) {
      const session = sessions.get(sessionId);
      return session ? storedState(sessionId, session) : null;
    },
    saveState(sessionId, state, { expectedVersion } = {}) {
      if (expectedVersion !== undefined) assertWhole("expectedVersion", expectedVersion);
      const session = sessions.get(sessionId);
      if (!session && (expectedVersion ?? 0) === 0) create(sessionId, state);
      else if (!session || (expectedVersion !== undefined && expectedVersion !== session.version))
        return refusal(session);
      else change(sessionId, (draft) => draft.setState(stateCopy(state), now()));
      return success(sessions.get(sessionId) as MemorySession);
    },
    saveStateAndPromoteStaging(sessionId, save) {
      assertWhole("expectedVersion", save.expectedVersion, 1);
      const session = sessions.get(sessionId);
      const promotedTo = session?.stagings.get(save.stagingId ?? "")?.promotedTo ?? null;
      const copy = stateCopy(save.state);
      if (session?.version !== save.expectedVersion || promotedTo !== null)
        return refusal(session, promotedTo);
      return change(sessionId, (draft) => {
        draft.setState(copy, now());
        conversation.save(sessionId, draft, save);
        return success(draft.session);
      });
    },
  };
}

/** What changes a part of a state. */
export function memoryStatuses({ sessions, now, change }: MemoryTables): Statuses {
  const update = <T>(
    sessionId: string,
    changes: (session: MemorySession) => Partial<SessionState>,
    read: (session: MemorySession) => T,
  ): T =>
    change(sessionId, (draft) => {
      draft.setState(changes(draft.session), now());
      return read(draft.session);
    });
  return {
    compareAndSetStatus(sessionId, expected, next, { error, expectedVersion } = {}) {
      assertAgentStatus("next", next);
      const session = sessions.get(sessionId);
      const isExpected =
        session !== undefined &&
        expected.includes(session.state.status) &&
        (expectedVersion === undefined || expectedVersion === session.version);
      if (!isExpected)
        return {
          ok: false,
          currentStatus: session?.state.status ?? null,
          currentVersion: session?.version ?? 0,
        };
      const changes = { status: next, ...(error === undefined ? {} : { error }) };
      return update(
        sessionId,
        () => changes,
        ({ version }) => ({ ok: true, newVersion: version }),
      );
    },
    updateStatus(sessionId, status) {
      assertAgentStatus("status", status);
      return update(
        sessionId,
        () => ({ status }),
        ({ version }) => version,
      );
    },
    incrementStepCount: (sessionId) =>
      update(
        sessionId,
        ({ state }) => ({ stepCount: state.stepCount + 1 }),
        ({ state }) => state.stepCount,
      ),
    incrementResumeCount: (sessionId) =>
      update(
        sessionId,
        ({ state }) => ({ resumeCount: state.resumeCount + 1 }),
        ({ state }) => state.resumeCount,
      ),
    mergeCustomState(sessionId, changes) {
      const patch = JSON.parse(storedText("changes", changes)) as JsonObject;
      return update(
        sessionId,
        ({ state }) => {
          const customState = mergePatch(state.customState, patch) as JsonObject;
          storedText("state.customState", customState);
          return { customState };
        },
        ({ version }) => ({ newVersion: version, warnings: mergeWarnings(changes) }),
      );
    },
    expireSessions(at, options = {}) {
      assertWhole("now", at);
      const { limit } = pageOf(options);
      const lapsed = [...sessions].filter(([, { state }]) => expiryOf(state) <= at);
      lapsed.sort(([, a], [, b]) => expiryOf(a.state) - expiryOf(b.state));
      const ids = lapsed.slice(0, limit).map(([sessionId]) => sessionId);
      for (const sessionId of ids)
        update(
          sessionId,
          () => expired,
          () => {},
        );
      return ids.sort();
    },
  };
}

const expired: Partial<SessionState> = {
  status: "failed" satisfies AgentStatus,
  failureReason: "expired",
  pendingClientToolCalls: {},
  suspension: null,
};

function expiryOf({ suspension }: SessionState): number {
  return suspension?.expiresAt ?? Number.POSITIVE_INFINITY;
}

/** Checked as other stores check it, and owing nothing to the object it came from. */
function stateCopy(state: SessionState): SessionState {
  stateValues(state);
  return deepFreeze(stateFromText(stateText(state)));
}

function success({ version, messages }: MemorySession): SaveResult {
  return { ok: true, newVersion: version, messageCount: messages.length };
}

function refusal(session: MemorySession | undefined, promotedTo: string | null = null): SaveResult {
  return {
    ok: false,
    currentStatus: session?.state.status ?? null,
    currentVersion: session?.version ?? 0,
    promotedTo,
  };
}
