import type { D1Database, D1PreparedStatement } from "../../record/d1.ts";
import { createD1GatePolicies } from "../../record/d1-gate-policies.ts";
import { createD1QuotaStore } from "../../record/d1-quota-store.ts";
import { createD1Record } from "../../record/d1-record.ts";
import type { GatePolicyStore } from "../../record/gate-policy-store.ts";
import { migrateRecord } from "../../record/migrations.ts";
import type { QuotaStore } from "../../record/quota-store.ts";
import { type SessionRecord, sessionIdOf } from "../../record/record.ts";
import { openSqliteD1, type SqliteD1 } from "../../record/sqlite-d1.ts";
import { type Asker, Remote } from "./remote.ts";
import type { SessionObject } from "./session-object.ts";
import { SimulatedKind } from "./simulated-kind.ts";
import type { World } from "./world.ts";

const spare: SqliteD1[] = [];
const tablesSql =
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%migrations' AND name NOT LIKE 'sqlite_%'";

/** What one instance has in D1. */
export interface Stores {
  readonly record: SessionRecord;
  /** Absent where histories know of none. */
  readonly gatePolicies: GatePolicyStore | null;
  readonly quotas: QuotaStore;
}

interface Wrapped extends D1PreparedStatement {
  readonly inner: D1PreparedStatement;
}

/** The one database behind all sessions of a simulation, and the network to it. It outlives them all. */
export class SimulatedD1 {
  readonly #world: World;
  readonly #remote: Remote;
  readonly #store: SqliteD1;
  /** Known until the next query is carried out. */
  readonly #recorded = new Map<string, number>();

  private constructor(world: World, store: SqliteD1) {
    this.#world = world;
    this.#remote = new Remote(world, "D1");
    this.#store = store;
  }

  static async open(world: World): Promise<SimulatedD1> {
    const store = spare.pop() ?? openSqliteD1();
    await migrateRecord(store);
    return new SimulatedD1(world, store);
  }

  /** The simulation is over; the tables are of use to the next one. */
  dispose(): void {
    const { database } = this.#store;
    database.exec("PRAGMA foreign_keys = OFF");
    for (const { name } of database.prepare(tablesSql).all()) database.exec(`DELETE FROM ${String(name)}`);
    database.exec("PRAGMA foreign_keys = ON");
    spare.push(this.#store);
  }

  setDown(isDown: boolean): void {
    this.#remote.setDown(isDown);
  }

  /** Policies as whoever manages them sees them, past every fault. */
  get gatePolicies(): GatePolicyStore {
    return createD1GatePolicies(this.#store);
  }

  /** D1 as one instance sees it. */
  for(asker: Asker): Stores {
    const attempt = <T>(query: () => Promise<T>): Promise<T> =>
      this.#remote.ask(asker, () => this.#carryOut(query));
    const wrap = (inner: D1PreparedStatement): Wrapped => ({
      inner,
      bind: (...values) => wrap(inner.bind(...values)),
      all: <Row>() => attempt(() => inner.all<Row>()),
    });
    const database: D1Database = {
      prepare: (query) => wrap(this.#store.prepare(query)),
      batch: <Row>(statements: D1PreparedStatement[]) =>
        attempt(() => this.#store.batch<Row>(statements.map((one) => (one as Wrapped).inner))),
    };
    return {
      record: createD1Record(database),
      quotas: createD1QuotaStore(database),
      gatePolicies: this.#world.hasEverything ? createD1GatePolicies(database) : null,
    };
  }

  /** How far the record goes, past every fault. */
  recordedSeq({ name }: SessionObject): number {
    let seq = this.#recorded.get(name);
    if (seq === undefined) {
      const query = "SELECT recordedSeq FROM sessile_sessions WHERE sessionId = ?";
      const sessionId = sessionIdOf(SimulatedKind.kind, name);
      seq = Number(this.#store.database.prepare(query).get(sessionId)?.recordedSeq ?? 0);
      this.#recorded.set(name, seq);
    }
    return seq;
  }

  /** The session's events as they are stored. */
  events(sessionId: string): readonly Record<string, unknown>[] {
    const query =
      "SELECT seq, eventId, type, clientEventId, payloadJson FROM session_events WHERE sessionId = ? ORDER BY seq";
    return this.#store.database.prepare(query).all(sessionId);
  }

  /** What was charged to whom. */
  get charges(): readonly Record<string, unknown>[] {
    return this.#store.database
      .prepare("SELECT day, subject, chargeKey, units FROM sessile_quota_charges")
      .all();
  }

  async #carryOut<T>(query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } finally {
      this.#recorded.clear();
    }
  }
}
