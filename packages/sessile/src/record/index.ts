export type { D1Database, D1PreparedStatement, D1Queries } from "./d1.ts";
export { defaultListLimit, maxFactsBytes, maxListLimit } from "./d1-directory.ts";
export { createD1GatePolicies } from "./d1-gate-policies.ts";
export { createD1QuotaStore } from "./d1-quota-store.ts";
export { createD1Record, type D1RecordOptions } from "./d1-record.ts";
export { type DirectoryChange, directoryChangeOf, directoryChangeSchema } from "./directory-change.ts";
export { type DirectoryDescription, directoryRowOf, maxTitleChars } from "./directory-row.ts";
export type { GatePolicyStore, PolicyQuery } from "./gate-policy-store.ts";
export { migrateRecord, recordVersion } from "./migrations.ts";
export {
  type MirrorLog,
  type MirrorOptions,
  type MirrorOutcome,
  maxRetryMs,
  mirrorBackoffMs,
  mirrorLog,
} from "./mirror.ts";
export type { QuotaCharge, QuotaStore, QuotaVerdict } from "./quota-store.ts";
export {
  type DirectoryRow,
  type EventBatch,
  type EventPage,
  type Facts,
  type ListOptions,
  type ListOrder,
  listOrders,
  type ReadEventsOptions,
  type RecordedSession,
  type SessionPage,
  type SessionRecord,
} from "./record.ts";
export { createShardedRecord, type ShardedRecordOptions } from "./shard.ts";
export {
  createTokenStore,
  type StoredToken,
  type TokenGrant,
  type TokenStore,
} from "./token-store.ts";
export type { GateListOptions, GatePage, RecordedGate, WaitingGate } from "./waiting-gate.ts";
