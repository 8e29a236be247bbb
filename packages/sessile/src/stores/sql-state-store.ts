import type { Sql } from "../kernel/index.ts";
import { migrate } from "../kernel/migrations.ts";
import type { SessionStateStore, SyncSessionStateStore } from "../protocol/state-store.ts";
import { objectMigrations } from "./object-migrations.ts";
import { type Operation, runOnSql } from "./operation.ts";
import { type StoreOptions, storeContext } from "./store-context.ts";
import { storeOf, storeOperations, syncStoreOf } from "./store-operations.ts";

/** A store on a session's own database. */
export interface SqlStateStore extends SessionStateStore {
  /** The same store, answering at once: inside a commit of the session its writes are part of that commit. */
  readonly sync: SyncSessionStateStore;
}

/**
 * A store over the storage port: a Durable Object's own SQLite, or `node:sqlite`. Its tables are made, and brought to the newest version,
 * when it is first used; a database that nobody uses stays as it is.
 */
export function createSqlStateStore(sql: Sql, options: StoreOptions = {}): SqlStateStore {
  const context = storeContext(options);
  const operations = storeOperations(context);
  let migrated = false;
  const bringUpToDate = () => void migrate(sql, "agents", objectMigrations, context.now());
  const run = <T>(operation: Operation<T>): T => {
    if (!migrated) bringUpToDate();
    migrated = true;
    try {
      return runOnSql(sql, operation);
    } catch (thrown) {
      // A commit that failed takes with it what was made in it, tables too.
      if (!lacksTables(thrown)) throw thrown;
      bringUpToDate();
      return runOnSql(sql, operation);
    }
  };
  return {
    ...storeOf(operations, async (operation) => run(operation)),
    sync: syncStoreOf(operations, run),
  };
}

/** SQLite's own words. */
function lacksTables(thrown: unknown): boolean {
  return thrown instanceof Error && /no such (?:table|column)|has no column named/.test(thrown.message);
}
