export {
  type AgentMessage,
  type AgentStatus,
  agentStatuses,
  initialSessionState,
  type JsonObject,
  type RunStatus,
  runStatuses,
  type SessionState,
  type StoredSessionState,
  type SuspensionContext,
} from "../protocol/session-state.ts";
export {
  type AtomicSave,
  type Checkpoint,
  type CheckpointDraft,
  checkpointIdOf,
  type InterruptFlag,
  type MessagePage,
  type Run,
  type RunChange,
  type SaveResult,
  type SessionStateStore,
  type SetResult,
  type StagedMessage,
  type Staging,
  type SubSessionMode,
  type SubSessionRef,
  type SyncSessionStateStore,
} from "../protocol/state-store.ts";
export type { UsagePage, UsageStore } from "../protocol/usage-store.ts";
export { runMigration, stateStoreVersion } from "./d1-migrations.ts";
export { createD1StateStore, type D1StateStore, type D1StateStoreOptions } from "./d1-state-store.ts";
export { createD1UsageStore } from "./d1-usage-store.ts";
export { createMemoryStateStore, type MemoryStateStoreOptions } from "./memory-state-store.ts";
export { createSqlStateStore, type SqlStateStore } from "./sql-state-store.ts";
export type { StoreOptions } from "./store-context.ts";
