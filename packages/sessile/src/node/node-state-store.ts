import type { DatabaseSync } from "node:sqlite";
import { createSqlStateStore, type SqlStateStore, type StoreOptions } from "../stores/index.ts";
import { NodeSql } from "./node-sql.ts";

/** A state store in a file, or in memory, by `node:sqlite`. An entry of its own (`sessile/stores/node`): the embedded server is not needed for it. */
export function createNodeStateStore(database: DatabaseSync, options?: StoreOptions): SqlStateStore {
  return createSqlStateStore(new NodeSql(database), options);
}
