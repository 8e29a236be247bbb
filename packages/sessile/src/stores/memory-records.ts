import { SessileError } from "../protocol/index.ts";
import type { Checkpoint, SyncSessionStateStore } from "../protocol/state-store.ts";
import { utf8Bytes } from "../record/text.ts";
import { changedRun, copies } from "./memory-conversation.ts";
import type { MemoryTables } from "./memory-session.ts";
import { maxPageBytes } from "./message-operations.ts";
import { assertAgentStatus, assertName, assertRunStatus, assertWhole, pageOf } from "./store-input.ts";

type Records = Omit<
  SyncSessionStateStore,
  keyof ReturnType<typeof import("./memory-states.ts").memoryStates>
>;

/** Messages, stagings, checkpoints, runs, sub-sessions, interrupts. */
export function memoryRecords({ sessions, now, change }: MemoryTables): Records {
  const existing = <T>(sessionId: string, write: Parameters<typeof change<T>>[1], otherwise: T): T =>
    sessions.has(sessionId) ? change(sessionId, write) : otherwise;
  return {
    appendMessages: (sessionId, messages) =>
      change(sessionId, (draft) => {
        draft.set("messages", [...draft.session.messages, ...copies(messages)]);
        draft.set("updatedAt", now());
        return draft.session.messages.length;
      }),
    getMessages(sessionId, options) {
      const { offset, limit } = pageOf(options);
      const all = sessions.get(sessionId)?.messages ?? [];
      let bytes = 0;
      const messages = all.slice(offset, offset + limit).filter((message) => {
        const fits = bytes < maxPageBytes;
        bytes += utf8Bytes(JSON.stringify(message));
        return fits;
      });
      return { messages, hasMore: messages.length > 0 && offset + messages.length < all.length };
    },
    getMessageCount: (sessionId) => sessions.get(sessionId)?.messages.length ?? 0,
    truncateMessages(sessionId, messageCount) {
      assertWhole("messageCount", messageCount);
      return change(sessionId, (draft) => {
        draft.truncate(messageCount);
        draft.set("updatedAt", now());
        return draft.session.messages.length;
      });
    },
    stageMessages(sessionId, stagingId, messages) {
      assertName("stagingId", stagingId);
      return change(sessionId, (draft) => {
        const before = draft.session.stagings.get(stagingId) ?? { messages: [], promotedTo: null };
        const texts = copies(messages.map(({ message }) => message));
        if (before.promotedTo !== null) return false;
        const staged = new Map(before.messages.map((each) => [each.key, each]));
        for (const [index, { key }] of messages.entries()) {
          assertName(`messages[${index}].key`, key);
          const message = texts[index];
          if (message && !staged.has(key)) staged.set(key, { key, message });
        }
        draft.setStaging(stagingId, { messages: [...staged.values()], promotedTo: null });
        return true;
      });
    },
    getStaging: (sessionId, stagingId) => sessions.get(sessionId)?.stagings.get(stagingId) ?? null,
    discardStaging: (sessionId, stagingId) =>
      existing(
        sessionId,
        (draft) => {
          const stagings = new Map(draft.session.stagings);
          if (stagings.get(stagingId)?.promotedTo !== null || !stagings.delete(stagingId)) return false;
          draft.set("stagings", stagings);
          return true;
        },
        false,
      ),
    getCheckpoint: (sessionId, checkpointId) =>
      sessions.get(sessionId)?.checkpoints.find((checkpoint) => checkpoint.checkpointId === checkpointId) ??
      null,
    getLatestCheckpoint: (sessionId) => sessions.get(sessionId)?.checkpoints.at(-1) ?? null,
    listCheckpoints(sessionId, options) {
      const { offset, limit } = pageOf(options);
      const all = sessions.get(sessionId)?.checkpoints ?? [];
      const checkpoints = all
        .toReversed()
        .slice(offset, offset + limit)
        .map(withoutState);
      return { checkpoints, total: all.length, hasMore: offset + checkpoints.length < all.length };
    },
    pruneCheckpoints(sessionId, keep) {
      assertWhole("keep", keep, 1);
      return existing(
        sessionId,
        (draft) => {
          const { checkpoints } = draft.session;
          const kept = checkpoints.slice(-keep);
          draft.set("checkpoints", kept);
          return checkpoints.length - kept.length;
        },
        0,
      );
    },
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
      return existing(
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
    setInterruptFlag(sessionId, reason) {
      assertName("reason", reason);
      change(sessionId, (draft) => draft.set("interrupt", { reason, timestamp: now() }));
    },
    checkInterruptFlag: (sessionId) => sessions.get(sessionId)?.interrupt ?? null,
    clearInterruptFlag: (sessionId) =>
      existing(
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

function withoutState({ state: _state, ...rest }: Checkpoint): Omit<Checkpoint, "state"> {
  return rest;
}
