import { expect, test, vi } from "vitest";
import { KernelFixture } from "../../testing/kernel-fixture.ts";
import { platformClock } from "../clock.ts";
import type { SessionHooks } from "../session-hooks.ts";
import { workHostOf } from "./work-host.ts";
import { WorkRunner } from "./work-runner.ts";

test("WO4 going on with work reads what has not ended, by its key, and nothing of what has", async () => {
  const fixture = new KernelFixture();
  for (const workId of ["a", "b", "c"])
    fixture.kernel.write(null, fixture.now, (writer) => {
      writer.startWork({ workId, name: "n", input: workId });
      if (workId !== "b") writer.completeWork(workId, null);
    });
  const kernel = fixture.wake();
  const ran: unknown[] = [];
  const findWork = () => (_work: unknown, input: unknown) => void ran.push(input);
  const host = workHostOf(
    { kernel, write: (actor, body) => kernel.write(actor, fixture.now, body).value, report: () => {} },
    { findWork } as Partial<SessionHooks> as SessionHooks,
  );
  const asked = vi.spyOn(fixture.sql, "exec");
  new WorkRunner(host, platformClock).reconcile();
  const statements = asked.mock.calls.map(([statement]) => statement);
  asked.mockRestore();
  expect(ran).toEqual(["b"]);
  expect(statements.length).toBeGreaterThan(0);
  for (const statement of statements)
    expect(JSON.stringify(fixture.database.prepare(`EXPLAIN QUERY PLAN ${statement}`).all())).not.toContain(
      "SCAN",
    );
  await expect.poll(() => kernel.view.work).toEqual({});
});
