import { createSqlStateStore, type SqlStateStore, type StoreOptions } from "../stores/index.ts";
import { DurableSql } from "./durable-sql.ts";

/** A state store in a Durable Object's own database: `createObjectStateStore(this.ctx.storage)`. One agent's session per object. */
export function createObjectStateStore(storage: DurableObjectStorage, options?: StoreOptions): SqlStateStore {
  return createSqlStateStore(new DurableSql(storage), options);
}
