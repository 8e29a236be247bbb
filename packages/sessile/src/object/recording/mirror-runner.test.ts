import { expect, test } from "vitest";
import type { Command } from "../../protocol/command.ts";
import { createD1Record } from "../../record/d1-record.ts";
import { withFaults } from "../../record/faulty-d1.ts";
import { openSqliteD1 } from "../../record/sqlite-d1.ts";
import { AlarmFixture } from "../../testing/alarm-fixture.ts";
import { KernelFixture } from "../../testing/kernel-fixture.ts";
import { MirrorRunner } from "./mirror-runner.ts";

function sessionOf(d1: ReturnType<typeof withFaults>) {
  const fixture = new KernelFixture();
  const { kernel } = fixture;
  const runs: Promise<unknown>[] = [];
  const alarm = new AlarmFixture(fixture, (now) => runner.run(now));
  const runner = new MirrorRunner(
    kernel,
    { record: createD1Record(d1), feed: null, description: {} },
    (after, maxChars) => kernel.log.readAfter(after, maxChars),
    (run) => runs.push(run),
    alarm.rearm,
  );
  runner.start(fixture.now);
  const commit = (command: Command) => {
    const { before, after } = fixture.send([command]);
    runner.committed(before, after, fixture.now);
    alarm.rearm();
  };
  return { runner, alarm, due: kernel.due, commit, settled: () => Promise.all(runs) };
}

const note: Command = { op: "append", type: "message", payload: null };

test("RE16 a session that the record contradicts asks again after its next commit, and rings no alarm until then", async () => {
  const d1 = withFaults(openSqliteD1());
  const old = sessionOf(d1);
  for (let n = 0; n < 5; n++) old.commit(note);
  await old.alarm.pass(60_000);
  const fresh = sessionOf(d1);
  fresh.commit(note);
  const before = d1.calls();
  await fresh.alarm.pass(1000);
  const asked = d1.calls() - before;
  expect([asked > 0, fresh.alarm.at, fresh.due.next()]).toEqual([true, null, null]);
  fresh.commit(note);
  await fresh.alarm.pass(60_000);
  expect([d1.calls() - before, fresh.alarm.at]).toEqual([2 * asked, null]);
});

test("RE16 what a run that a commit began leaves to do moves the alarm", async () => {
  const d1 = withFaults(openSqliteD1());
  const { commit, settled, alarm, due, runner } = sessionOf(d1);
  commit(note);
  d1.fail();
  for (let failures = 0; failures < 5; failures++) await alarm.ring();
  d1.heal();
  const outage = alarm.at ?? 0;
  commit({ op: "setStatus", to: "open" });
  commit(note);
  await settled();
  expect(alarm.at).toBe(due.next());
  expect(alarm.at).toBeLessThan(outage);
  await alarm.ring();
  expect([runner.recordedSeq, alarm.at]).toEqual([5, null]);
});
