import { SessileError, sessionKeyOf } from "../protocol/index.ts";
import { comparePositions, positionOf } from "./cursor.ts";
import type { D1Database } from "./d1.ts";
import { pageOf, parseListOptions } from "./d1-directory.ts";
import { createD1Record } from "./d1-record.ts";
import type { SessionRecord } from "./record.ts";
import { compareGates, gatePageOf, parseGateLimit, positionOfGate } from "./waiting-gate.ts";

export interface ShardedRecordOptions {
  /** One database each. D1 runs one query at a time per database, so this is how the record's rate grows. */
  readonly shards: readonly D1Database[];
  /**
   * Index of a session's shard, the same for ever. The default hashes the address over all shards, so their number is then fixed;
   * a function of one's own can send older sessions to the older shards.
   */
  readonly shardOf?: (kind: string, name: string) => number;
}

/** A record over several databases: a session lives whole on one, a list is merged from all. */
export function createShardedRecord(options: ShardedRecordOptions): SessionRecord {
  const records = options.shards.map((db) => createD1Record(db));
  const shardOf = options.shardOf ?? ((kind, name) => sessionKeyOf(kind, name) % records.length);
  const at = (kind: string, name: string): SessionRecord => {
    const record = records[shardOf(kind, name)];
    if (record !== undefined) return record;
    throw new SessileError(
      "internal",
      `shardOf names no shard for ${kind}/${name}: give an index below ${records.length}.`,
    );
  };
  return {
    upsertSession: async (row) => at(row.kind, row.name).upsertSession(row),
    appendEvents: async (batch) => at(batch.kind, batch.name).appendEvents(batch),
    recordedSeq: async (kind, name) => at(kind, name).recordedSeq(kind, name),
    readEvents: async (kind, name, readOptions) => at(kind, name).readEvents(kind, name, readOptions),
    getSession: async (kind, name) => at(kind, name).getSession(kind, name),
    deleteSession: async (kind, name, deletedAt) => at(kind, name).deleteSession(kind, name, deletedAt),
    readmitSession: async (kind, name) => at(kind, name).readmitSession(kind, name),
    async listGates(listOptions = {}) {
      const limit = parseGateLimit(listOptions);
      const pages = await Promise.all(records.map((record) => record.listGates(listOptions)));
      const merged = pages
        .flatMap((page) => page.items)
        .sort((left, right) => compareGates(positionOfGate(left), positionOfGate(right)));
      const hasMore = merged.length > limit || pages.some((page) => page.hasMore);
      return gatePageOf(merged.slice(0, limit), hasMore);
    },
    async listSessions(listOptions = {}) {
      const { order, limit } = parseListOptions(listOptions);
      // A cursor is a place in the order and names no shard, so every shard continues from the same one.
      const pages = await Promise.all(records.map((record) => record.listSessions(listOptions)));
      const merged = pages
        .flatMap((page) => page.items)
        .sort((left, right) => comparePositions(positionOf(left, order), positionOf(right, order)));
      const hasMore = merged.length > limit || pages.some((page) => page.hasMore);
      return pageOf(merged.slice(0, limit), hasMore, order);
    },
  };
}
