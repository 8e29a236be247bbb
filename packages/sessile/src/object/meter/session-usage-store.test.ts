import { expect, test } from "vitest";
import { KernelFixture } from "../../testing/kernel-fixture.ts";
import { usageStoreContract } from "../../testing/usage-store-contract.ts";
import { createSessionUsageStore } from "./session-usage-store.ts";

function meterOf(fixture: KernelFixture) {
  return createSessionUsageStore({
    sessionId: "one",
    sql: fixture.sql,
    write: (body) => fixture.kernel.write(null, fixture.now, body).value,
  });
}

for (const { title, run } of usageStoreContract)
  test(`in a session: ${title}`, () => run(meterOf(new KernelFixture()), "one"));

test("US6 what it records is on the session's log, and it answers for no other session", async () => {
  const fixture = new KernelFixture();
  const store = meterOf(fixture);
  await store.recordEntry({ sessionId: "one", entryId: "a", kind: "tool", source: "agent" });
  expect(fixture.events().at(-1)?.type).toBe("usage.recorded");
  await expect(store.getRollup("other")).rejects.toMatchObject({ details: { field: "sessionId" } });
});
