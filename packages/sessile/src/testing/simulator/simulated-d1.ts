import type { D1Database, D1PreparedStatement } from "../../record/d1.ts";
import { createD1Record } from "../../record/d1-record.ts";
import { migrateRecord } from "../../record/migrations.ts";
import { type SessionRecord, sessionIdOf } from "../../record/record.ts";
import { openSqliteD1, type SqliteD1 } from "../../record/sqlite-d1.ts";
import type { Random } from "./random.ts";
import type { SessionObject } from "./session-object.ts";
import { SimulatedKind } from "./simulated-kind.ts";
import type { World } from "./world.ts";

/** What a query meets on its way. `late` is carried out after its sender has given it up. */
type Fault = "error" | "lost" | "late";
const faults: readonly Fault[] = ["error", "lost", "late"];

const spare: SqliteD1[] = [];
const tablesSql =
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%migrations' AND name NOT LIKE 'sqlite_%'";

interface Wrapped extends D1PreparedStatement {
  readonly inner: D1PreparedStatement;
}

/** The one database behind all sessions of a simulation, and the network to it. It outlives them all. */
export class SimulatedD1 {
  readonly #world: World;
  readonly #random: Random;
  readonly #store: SqliteD1;
  #isDown = false;
  /** Known until the next query is carried out. */
  readonly #recorded = new Map<string, number>();

  private constructor(world: World, store: SqliteD1) {
    this.#world = world;
    this.#random = world.random.fork("d1");
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
    this.#world.note(`D1 is ${isDown ? "down" : "up"}`);
    this.#isDown = isDown;
  }

  /** The record as one instance sees it; `wait` keeps it from hibernating meanwhile. */
  recordFor(object: SessionObject, isDead: () => boolean, wait: (change: 1 | -1) => void): SessionRecord {
    const attempt = <T>(query: () => Promise<T>): Promise<T> => this.#attempt(object, isDead, wait, query);
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
    return createD1Record(database);
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

  async #carryOut<T>(query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } finally {
      this.#recorded.clear();
    }
  }

  /** There and back again, each way taking its time. A query leaves once its sender's writes are on disk. */
  #attempt<T>(
    object: SessionObject,
    isDead: () => boolean,
    wait: (change: 1 | -1) => void,
    query: () => Promise<T>,
  ): Promise<T> {
    const { timeline, trouble } = this.#world;
    const fault = this.#random.chance(trouble.recordFailure) ? this.#random.pick(faults) : null;
    const travelMs = () => this.#random.between(0, Math.min(400, trouble.maxLatencyMs));
    const thereMs = fault === "late" ? this.#random.between(9_000, 20_000) : travelMs();
    wait(1);
    return new Promise((resolve, reject) => {
      const arrive = (how: string, settle: () => void) =>
        timeline.plan(travelMs(), `D1 ${how} ${object.name}`, () => {
          if (isDead()) return;
          wait(-1);
          settle();
        });
      const fail = () => reject(new Error("D1_ERROR: Network connection lost."));
      object.output(() =>
        timeline.plan(thereMs, `${object.name} asks D1`, () => {
          if (this.#isDown || fault === "error") arrive("fails", fail);
          else
            this.#carryOut(query).then(
              (answer) => arrive("answers", () => (fault === "lost" ? fail() : resolve(answer))),
              (thrown: unknown) => arrive("refuses", () => reject(thrown)),
            );
        }),
      );
    });
  }
}
