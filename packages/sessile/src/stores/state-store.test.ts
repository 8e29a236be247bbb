import { DatabaseSync } from "node:sqlite";
import { describe, test } from "vitest";
import { NodeSql } from "../node/node-sql.ts";
import { openSqliteD1 } from "../record/sqlite-d1.ts";
import { type StateStoreHarness, stateStoreContract } from "../testing/state-store-contract.ts";
import { faultyD1, faultySql, StatementFaults } from "../testing/statement-faults.ts";
import { createD1StateStore, createMemoryStateStore, createSqlStateStore } from "./index.ts";

type Open = (faults: StatementFaults) => StateStoreHarness["store"];

const stores: Record<string, Open> = {
  memory: (faults) => createMemoryStateStore({ beforeChange: () => faults.check() }),
  "node:sqlite": (faults) =>
    createSqlStateStore(faultySql(new NodeSql(new DatabaseSync(":memory:")), faults)),
  "D1's shape over node:sqlite": (faults) => createD1StateStore(faultyD1(openSqliteD1(), faults)),
};

describe.each(Object.entries(stores))("%s keeps what a state store promises", (_, open) => {
  for (const [index, { title, run }] of stateStoreContract.entries())
    test(title, async () => {
      const faults = new StatementFaults();
      const store = open(faults);
      await run(
        {
          store,
          failAt: (n) => faults.failAt(n),
          get count() {
            return faults.count;
          },
        },
        `session-${index}`,
      );
    });
});
