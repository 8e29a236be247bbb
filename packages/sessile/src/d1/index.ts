// All of it: a second list of the record's names would only be out of date.
export * from "../record/index.ts";
export { runMigration, stateStoreVersion } from "../stores/d1-migrations.ts";
export { createD1StateStore, type D1StateStore, type D1StateStoreOptions } from "../stores/d1-state-store.ts";
export { createD1UsageStore } from "../stores/d1-usage-store.ts";
