import { afterAll, beforeAll, describe, it } from "vitest";
import { createD1Record, createShardedRecord, type SessionRecord } from "./index.ts";
import { recordContract } from "./record-contract.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { startWorkerdD1, type WorkerdD1 } from "./workerd-d1.ts";

let workerd: WorkerdD1;
beforeAll(async () => {
  // One database per case, because every case takes an empty record.
  workerd = await startWorkerdD1(recordContract.map((_, index) => `DB_${index}`));
});
afterAll(() => workerd?.dispose());

const implementations: Record<string, (index: number) => Promise<SessionRecord>> = {
  "D1 in workerd": async (index) => createD1Record(await workerd.database(`DB_${index}`)),
  "node:sqlite": async () => createD1Record(openSqliteD1()),
  "three shards": async () =>
    createShardedRecord({ shards: [openSqliteD1(), openSqliteD1(), openSqliteD1()] }),
};

for (const [name, open] of Object.entries(implementations)) {
  describe(name, () => {
    for (const [index, contractCase] of recordContract.entries()) {
      it(contractCase.title, async () => contractCase.run(await open(index)), 60_000);
    }
  });
}
