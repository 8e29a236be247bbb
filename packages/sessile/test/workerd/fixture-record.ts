import { type FaultyD1, withFaults } from "../../src/record/faulty-d1.ts";

type Database = Parameters<typeof withFaults>[0];

const databases = new Set<FaultyD1>();
let isDown = false;

/** D1 with a switch. Worker and objects share one isolate, so that a route of the Worker can break it for all of them. */
export function faultyDatabase(database: Database): FaultyD1 {
  const faulty = withFaults(database);
  if (isDown) faulty.fail();
  databases.add(faulty);
  return faulty;
}

export function switchDatabases(down: boolean): void {
  isDown = down;
  for (const database of databases) {
    if (down) database.fail();
    else database.heal();
  }
}
