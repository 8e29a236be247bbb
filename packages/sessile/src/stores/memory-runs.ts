import { SessileError } from "../protocol/index.ts";
import type { SyncSessionStateStore } from "../protocol/state-store.ts";
import { changedRun } from "./memory-conversation.ts";
import type { MemoryTables } from "./memory-session.ts";
import { assertAgentStatus, assertName, assertRunStatus, assertWhole, pageOf } from "./store-input.ts";

type Runs = Pick<SyncSessionStateStore, "createRun" | "updateRun" | "getCurrentRun" | "listRuns">;
type SubSessions = Pick<
  SyncSessionStateStore,
  "addSubSessionRef" | "updateSubSessionRef" | "getSubSessionRefs"
>;
type Interrupts = Pick<
  SyncSessionStateStore,
  "setInterruptFlag" | "checkInterruptFlag" | "clearInterruptFlag"
>;

export function memoryRuns({ sessions, now, change }: MemoryTables): Runs {
  return {
    createRun(sessionId, { runId, startSequence = 0 }) {
      assertName("runId", runId);
      assertWhole("startSequence", startSequence);
      for (const [owner, { runs }] of sessions) {
        const known = runs.find((run) => run.runId === runId);
        if (known && owner === sessionId) return known;
        if (known)
          throw new SessileError("conflict", `Run ${runId} belongs to another session.`, { field: "runId" });
      }
      return change(sessionId, (draft) => {
        const run = {
          runId,
          sessionId,
          turn: (draft.session.runs.at(-1)?.turn ?? 0) + 1,
          status: "running" as const,
          stepCount: 0,
          startSequence,
          outcome: null,
          startedAt: now(),
          completedAt: null,
        };
        draft.set("runs", [...draft.session.runs, run]);
        return run;
      });
    },
    updateRun(sessionId, runId, update, { expected } = {}) {
      if (update.status !== undefined) assertRunStatus("run.status", update.status);
      const run = sessions.get(sessionId)?.runs.find((each) => each.runId === runId);
      if (!run || (expected && !expected.includes(run.status))) return { ok: false, run: run ?? null };
      const changed = changedRun(run, update, now());
      return change(sessionId, (draft) => {
        draft.set(
          "runs",
          draft.session.runs.map((each) => (each === run ? changed : each)),
        );
        return { ok: true, run: changed };
      });
    },
    getCurrentRun: (sessionId) => sessions.get(sessionId)?.runs.at(-1) ?? null,
    listRuns(sessionId, options) {
      const { offset, limit } = pageOf(options);
      return (sessions.get(sessionId)?.runs ?? []).toReversed().slice(offset, offset + limit);
    },
  };
}

export function memorySubSessions({ sessions, now, change, changeIfThere }: MemoryTables): SubSessions {
  return {
    addSubSessionRef(sessionId, ref) {
      assertName("subSessionId", ref.subSessionId);
      assertAgentStatus("status", ref.status);
      return change(sessionId, (draft) => {
        const { subSessions } = draft.session;
        if (subSessions.some(({ subSessionId }) => subSessionId === ref.subSessionId)) return false;
        draft.set("subSessions", [...subSessions, { ...ref, startedAt: now(), completedAt: null }]);
        return true;
      });
    },
    updateSubSessionRef(sessionId, subSessionId, status) {
      assertAgentStatus("status", status);
      const isOver = status === "completed" || status === "failed";
      return changeIfThere(
        sessionId,
        (draft) => {
          const { subSessions } = draft.session;
          if (!subSessions.some((ref) => ref.subSessionId === subSessionId)) return false;
          draft.set(
            "subSessions",
            subSessions.map((ref) =>
              ref.subSessionId === subSessionId
                ? { ...ref, status, completedAt: isOver ? (ref.completedAt ?? now()) : null }
                : ref,
            ),
          );
          return true;
        },
        false,
      );
    },
    getSubSessionRefs: (sessionId) => sessions.get(sessionId)?.subSessions ?? [],
  };
}

export function memoryInterrupts({ sessions, now, change, changeIfThere }: MemoryTables): Interrupts {
  return {
    setInterruptFlag(sessionId, reason) {
      assertName("reason", reason);
      change(sessionId, (draft) => draft.set("interrupt", { reason, timestamp: now() }));
    },
    checkInterruptFlag: (sessionId) => sessions.get(sessionId)?.interrupt ?? null,
    clearInterruptFlag: (sessionId) =>
      changeIfThere(
        sessionId,
        (draft) => {
          const wasSet = draft.session.interrupt !== null;
          draft.set("interrupt", null);
          return wasSet;
        },
        false,
      ),
  };
}
