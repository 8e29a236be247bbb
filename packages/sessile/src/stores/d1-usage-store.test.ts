import { expect, test } from "vitest";
import { withFaults } from "../record/faulty-d1.ts";
import { openSqliteD1 } from "../record/sqlite-d1.ts";
import { usageStoreContract } from "../testing/usage-store-contract.ts";
import { createD1UsageStore } from "./d1-usage-store.ts";

for (const { title, run } of usageStoreContract)
  test(`D1's shape over node:sqlite: ${title}`, () => run(createD1UsageStore(openSqliteD1()), "one"));

test("US5 an entry whose answer was lost counts once when it is repeated; sessions are apart", async () => {
  const db = withFaults(openSqliteD1());
  const store = createD1UsageStore(db);
  const entry = { sessionId: "one", entryId: "a", kind: "tokens", source: "agent", inputTokens: 3 } as const;
  await store.getRollup("one");
  db.failAt(1, "after");
  await expect(store.recordEntry(entry)).rejects.toMatchObject({ code: "unavailable" });
  expect(await store.recordEntry(entry)).toBe(false);
  expect(await store.recordEntry({ ...entry, sessionId: "two" })).toBe(true);
  expect((await store.getRollup("one")).tokens.total).toBe(3);
});
