import type { D1PreparedStatement } from "../../src/record/d1.ts";
import { type FaultyD1, withFaults } from "../../src/record/faulty-d1.ts";

type Database = Parameters<typeof withFaults>[0];

/**
 * `down`: every query fails. `lost`: it is carried out and its answer lost. `held`: it waits until the state changes; `held-inside`:
 * that of an object does.
 * `flaky`: one after the other fails, is carried out late, loses its answer, and goes well.
 */
export type DatabaseState = "up" | "down" | "lost" | "held" | "held-inside" | "flaky";

const databases = new Set<FaultyD1>();
let state: DatabaseState = "up";
let flakyQueries = 0;
let held = 0;

/**
 * D1 with a switch. Worker and objects share one isolate, so that a route of the Worker can break it for all of them.
 *
 * @param side whose it is
 */
export function faultyDatabase(database: Database, side: "worker" | "object" = "object"): FaultyD1 {
  const faulty = withFaults(withHolding(database, side));
  apply(faulty);
  databases.add(faulty);
  return faulty;
}

export function switchDatabases(next: DatabaseState): void {
  state = next;
  for (const database of databases) apply(database);
}

/** Queries that wait. */
export function heldQueries(): number {
  return held;
}

function apply(database: FaultyD1): void {
  if (state === "down") database.fail("before");
  else if (state === "lost") database.fail("after");
  else database.heal();
}

interface Held extends D1PreparedStatement {
  readonly inner: D1PreparedStatement;
}

function withHolding(database: Database, side: "worker" | "object"): Database {
  const attempt = async <T>(query: () => Promise<T>): Promise<T> => {
    await whenLetGo(side);
    return tried(query);
  };
  const wrap = (inner: D1PreparedStatement): Held => ({
    inner,
    bind: (...values) => wrap(inner.bind(...values)),
    all: <Row>() => attempt(() => inner.all<Row>()),
  });
  return {
    prepare: (query) => wrap(database.prepare(query)),
    batch: <Row>(statements: D1PreparedStatement[]) =>
      attempt(() => database.batch<Row>(statements.map((statement) => (statement as Held).inner))),
  };
}

async function tried<T>(query: () => Promise<T>): Promise<T> {
  const fault = state === "flaky" ? flakyQueries++ % 4 : null;
  if (fault === 0) throw new Error("D1_ERROR: Network connection lost.");
  if (fault === 1) await scheduler.wait(150);
  const answer = await query();
  if (fault === 2) throw new Error("D1_ERROR: Network connection lost.");
  return answer;
}

/** A promise of one request never settles for another, so whoever is held looks for himself. */
async function whenLetGo(side: "worker" | "object"): Promise<void> {
  const waits = () => state === "held" || (state === "held-inside" && side === "object");
  held += 1;
  while (waits()) await scheduler.wait(20);
  held -= 1;
}
