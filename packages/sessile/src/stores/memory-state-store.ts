import type { SessionStateStore, SyncSessionStateStore } from "../protocol/state-store.ts";
import { memoryCheckpoints, memoryMessages, memoryStagings } from "./memory-messages.ts";
import { memoryInterrupts, memoryRuns, memorySubSessions } from "./memory-runs.ts";
import { type MemorySession, type MemoryTables, SessionDraft } from "./memory-session.ts";
import { memoryStates, memoryStatuses } from "./memory-states.ts";
import { type StoreOptions, storeContext } from "./store-context.ts";
import { noSession } from "./store-input.ts";

export interface MemoryStateStoreOptions extends StoreOptions {
  /** Called before each part of a write; what it throws fails the write, which then has changed nothing. For tests. */
  readonly beforeChange?: (part: string) => void;
}

/** A store that lasts as long as its process: tests, examples, development. */
export function createMemoryStateStore(options: MemoryStateStoreOptions = {}): SessionStateStore {
  const { now } = storeContext(options);
  const { beforeChange = () => {} } = options;
  const sessions = new Map<string, MemorySession>();
  const tables: MemoryTables = {
    sessions,
    now,
    change(sessionId, write) {
      const session = sessions.get(sessionId);
      if (!session) throw noSession(sessionId);
      const draft = new SessionDraft(session, beforeChange);
      const value = write(draft);
      sessions.set(sessionId, draft.session);
      return value;
    },
    changeIfThere: (sessionId, write, otherwise) =>
      sessions.has(sessionId) ? tables.change(sessionId, write) : otherwise,
    put(sessionId, session) {
      beforeChange("session");
      sessions.set(sessionId, session);
    },
  };
  const store: SyncSessionStateStore = {
    ...memoryStates(tables),
    ...memoryStatuses(tables),
    ...memoryMessages(tables),
    ...memoryStagings(tables),
    ...memoryCheckpoints(tables),
    ...memoryRuns(tables),
    ...memorySubSessions(tables),
    ...memoryInterrupts(tables),
  };
  return Object.fromEntries(
    Object.entries(store).map(([name, method]) => [
      name,
      async (...args: never[]) => (method as (...args: never[]) => unknown)(...args),
    ]),
  ) as unknown as SessionStateStore;
}
