import type { Checkpoint, SyncSessionStateStore } from "../protocol/state-store.ts";
import { utf8Bytes } from "../record/text.ts";
import { copies } from "./memory-conversation.ts";
import type { MemoryTables } from "./memory-session.ts";
import { maxPageBytes } from "./message-operations.ts";
import { assertName, assertWhole, pageOf } from "./store-input.ts";

type Messages = Pick<
  SyncSessionStateStore,
  "appendMessages" | "getMessages" | "getMessageCount" | "truncateMessages"
>;
type Stagings = Pick<SyncSessionStateStore, "stageMessages" | "getStaging" | "discardStaging">;
type Checkpoints = Pick<
  SyncSessionStateStore,
  "getCheckpoint" | "getLatestCheckpoint" | "listCheckpoints" | "pruneCheckpoints"
>;

export function memoryMessages({ sessions, now, change }: MemoryTables): Messages {
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
  };
}

export function memoryStagings({ sessions, change, changeIfThere }: MemoryTables): Stagings {
  return {
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
      changeIfThere(
        sessionId,
        (draft) => {
          const stagings = new Map(draft.session.stagings);
          if (stagings.get(stagingId)?.promotedTo !== null || !stagings.delete(stagingId)) return false;
          draft.set("stagings", stagings);
          return true;
        },
        false,
      ),
  };
}

export function memoryCheckpoints({ sessions, changeIfThere }: MemoryTables): Checkpoints {
  return {
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
      return changeIfThere(
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
  };
}

function withoutState({ state: _state, ...rest }: Checkpoint): Omit<Checkpoint, "state"> {
  return rest;
}
