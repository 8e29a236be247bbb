import { describe, expect, test } from "vitest";
import { defaultSnapshotPolicy } from "../../kernel/index.ts";
import { KernelFixture } from "../../testing/kernel-fixture.ts";
import { SnapshotSealer, snapshotDueId } from "./snapshot-sealer.ts";

/** A sealer beside a kernel, as the host wires it. */
function wired(policy: Partial<typeof defaultSnapshotPolicy> = {}) {
  const fixture = new KernelFixture();
  const reports: string[] = [];
  const state = { broken: false, seals: 0 };
  const sealer = new SnapshotSealer({
    kernel: fixture.kernel,
    policy: { ...defaultSnapshotPolicy, ...policy },
    seal: () => {
      if (state.broken) throw new Error("disk full");
      state.seals += 1;
      const { transaction } = fixture.kernel.write(null, fixture.now, (writer) => writer.sealSnapshot());
      if (transaction?.stored) sealer.committed(transaction.stored, transaction.after, fixture.now);
    },
    report: (message) => reports.push(message),
  });
  const append = (payload: string | number = 1) => {
    const { stored, after } = fixture.send([{ op: "append", type: "message", payload }]);
    if (stored) sealer.committed(stored, after, fixture.now);
  };
  return { fixture, sealer, state, reports, append };
}

describe("when a range is sealed", () => {
  test("SN1 events, characters or time, whichever comes first, and at most one seal a second", () => {
    const { fixture, sealer, state, append } = wired({ everyEvents: 50, maxChars: 5000 });
    for (let n = 0; n < 48; n++) append(n);
    expect(state.seals).toBe(1);
    append("x".repeat(6000));
    expect(state.seals).toBe(1);
    expect(fixture.kernel.due.dueAt(snapshotDueId)).toBeLessThanOrEqual(fixture.now + 1000);
    fixture.now += 1000;
    sealer.rang(fixture.now);
    expect(state.seals).toBe(2);
    append(1);
    const dueAt = fixture.kernel.due.dueAt(snapshotDueId);
    expect(dueAt).toBe(fixture.now + defaultSnapshotPolicy.everyMs);
    fixture.now = Number(dueAt);
    sealer.rang(fixture.now);
    expect(state.seals).toBe(3);
    expect(fixture.kernel.due.dueAt(snapshotDueId)).toBeNull();
  });

  test("SN5 a seal that fails blocks no event, is told to operators, and is tried again later", () => {
    const { fixture, sealer, state, reports, append } = wired({ everyEvents: 10 });
    state.broken = true;
    for (let n = 0; n < 30; n++) append(n);
    expect(fixture.kernel.view.lastSeq).toBe(32);
    expect(reports).toEqual(["Sealing a snapshot failed"]);
    state.broken = false;
    fixture.now = Number(fixture.kernel.due.dueAt(snapshotDueId));
    sealer.rang(fixture.now);
    expect(fixture.kernel.snapshots.last()).toMatchObject({ fromSeq: 1, toSeq: 32 });
  });

  test("SN6 a busy session pays for a row of due work once per time limit, not once per range", () => {
    const { fixture, append } = wired({ everyEvents: 10 });
    let rows = 0;
    const put = fixture.kernel.due.put.bind(fixture.kernel.due);
    fixture.kernel.due.put = (...args) => {
      rows += 1;
      put(...args);
    };
    for (let n = 0; n < 500; n++) {
      fixture.now += 200;
      append(n);
    }
    expect(rows).toBe(1);
    expect(fixture.kernel.snapshots.list(100).length).toBeGreaterThan(40);
  });
});
