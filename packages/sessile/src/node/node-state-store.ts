import type { DatabaseSync } from "node:sqlite";
import { createSqlStateStore, type SqlStateStore, type StoreOptions } from "../stores/index.ts";
import { NodeSql } from "./node-sql.ts";

/** A state store in a file, or in memory, by `node:sqlite`. */
export function createNodeStateStore(database: DatabaseSync, options?: StoreOptions): SqlStateStore {
  return createSqlStateStore(new NodeSql(database), options);
}
