import { assertSessionAddress } from "../protocol/index.ts";
import type { D1Database, D1Queries } from "./d1.ts";
import { deleteSession, readmitSession } from "./d1-deletion.ts";
import { getSession, listSessions, upsertSession } from "./d1-directory.ts";
import { appendEvents, readEvents } from "./d1-events.ts";
import { listGates } from "./d1-gates.ts";
import { migrateRecord } from "./migrations.ts";
import type { SessionRecord } from "./record.ts";

export interface D1RecordOptions {
  /**
   * What answers reads; by default a replica where the database has any (D1 sends nothing to replicas by itself). A caller that must read its own
   * writes passes `() => db.withSession("first-primary")`, or a session at its bookmark.
   */
  readonly readFrom?: () => D1Queries;
}

/** The record on one D1 database. Tables are made and migrated on first use. Watermarks and writes always use the primary. */
export function createD1Record(db: D1Database, options: D1RecordOptions = {}): SessionRecord {
  const readFrom = options.readFrom ?? (() => db.withSession?.("first-unconstrained") ?? db);
  const ready = async (kind: string, name: string) => {
    assertSessionAddress(kind, name);
    await migrateRecord(db);
  };
  return {
    async upsertSession(row) {
      await ready(row.kind, row.name);
      return upsertSession(db, row);
    },
    async appendEvents(batch) {
      await ready(batch.kind, batch.name);
      return appendEvents(db, batch);
    },
    async recordedSeq(kind, name) {
      await ready(kind, name);
      const session = await getSession(db, kind, name);
      return session?.recordedSeq ?? 0;
    },
    async readEvents(kind, name, readOptions = {}) {
      await ready(kind, name);
      return readEvents(readFrom(), kind, name, readOptions);
    },
    async getSession(kind, name) {
      await ready(kind, name);
      return getSession(readFrom(), kind, name);
    },
    async deleteSession(kind, name, deletedAt) {
      await ready(kind, name);
      await deleteSession(db, kind, name, deletedAt);
    },
    async readmitSession(kind, name) {
      await ready(kind, name);
      await readmitSession(db, kind, name);
    },
    async listGates(listOptions = {}) {
      await migrateRecord(db);
      return listGates(readFrom(), listOptions);
    },
    async listSessions(listOptions = {}) {
      await migrateRecord(db);
      return listSessions(readFrom(), listOptions);
    },
  };
}
