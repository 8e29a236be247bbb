import type { SessionStateStore } from "../protocol/state-store.ts";
import type { D1Database, D1Queries } from "../record/index.ts";
import { runMigration } from "./d1-migrations.ts";
import { runOnD1 } from "./operation.ts";
import { type StoreOptions, storeContext } from "./store-context.ts";
import { storeOf, storeOperations } from "./store-operations.ts";

export interface D1StateStoreOptions extends StoreOptions {
  /**
   * What the first read must have seen: `first-primary` (default) everything, `first-unconstrained` whatever a replica has, a bookmark what
   * was written before it. From then on the store sees at least what it has read and written itself, wherever that is answered.
   */
  readonly from?: "first-primary" | "first-unconstrained" | (string & {});
}

export interface D1StateStore extends SessionStateStore {
  /** For the next request's store, so that it sees no less than this one. Null before the first query, and without replicas. */
  bookmark(): string | null;
}

/**
 * A store on D1, for Workflows, front ends, and whatever runs outside an object. One D1 session for the store's life: D1 sends nothing
 * to replicas by itself, and a session is what makes reads from them safe.
 */
export function createD1StateStore(db: D1Database, options: D1StateStoreOptions = {}): D1StateStore {
  const operations = storeOperations(storeContext(options), ["__agents_usage"]);
  let session: D1Queries | undefined;
  const store = storeOf(operations, async (operation) => {
    await runMigration(db);
    session ??= db.withSession?.(options.from ?? "first-primary") ?? db;
    return runOnD1(session, operation, db);
  });
  return { ...store, bookmark: () => session?.getBookmark?.() ?? null };
}
