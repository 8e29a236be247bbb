import { describe, expect, test } from "vitest";
import { defaultLimits } from "../protocol/limits.ts";
import { emptyView, foldCommit } from "../protocol/view.ts";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import { defaultSnapshotPolicy } from "./snapshots.ts";

const seal = (fixture: KernelFixture) =>
  fixture.kernel.write(null, fixture.now, (writer) => writer.sealSnapshot()).value;

function grown(snapshots: number, overrides = {}): KernelFixture {
  const fixture = new KernelFixture(overrides);
  for (let n = 0; n < snapshots; n++) {
    fixture.one({ op: "setState", state: { n, text: "é".repeat(n * 50) } });
    fixture.append(`p.1.${n}`, n);
    seal(fixture);
  }
  return fixture;
}

describe("snapshots", () => {
  test("SN2 terminating seals what is left in the same commit", () => {
    const fixture = new KernelFixture();
    fixture.append("a");
    const { stored } = fixture.send([{ op: "setLifecycle", to: "terminated" }]);
    const [ended, sealed] = fixture.events((stored?.firstSeq ?? 0) - 1);
    expect(ended?.type).toBe("session.lifecycle_changed");
    expect(sealed).toMatchObject({
      type: "snapshot.sealed",
      actor: null,
      payload: { fromSeq: 1, toSeq: ended?.seq },
    });
    expect(fixture.kernel.snapshots.lastWithView()?.view).toMatchObject({
      lifecycle: "terminated",
      lastSeq: ended?.seq,
    });
    expect(seal(fixture)).toBeNull();
  });

  test("SN2 a kind that seals nothing has none", () => {
    const fixture = new KernelFixture({ snapshots: null });
    fixture.send([{ op: "setLifecycle", to: "terminated" }]);
    expect(seal(fixture)).toBeNull();
    expect(fixture.kernel.snapshots.last()).toBeNull();
    expect(fixture.events().at(-1)?.type).toBe("session.lifecycle_changed");
  });

  test("SN3 snapshots chain without gap or overlap; ids sort as they do and are the same after a wake", () => {
    const fixture = grown(4);
    const chain = fixture.kernel.snapshots.list(10).reverse();
    expect(chain).toHaveLength(4);
    for (const [index, snapshot] of chain.entries()) {
      const base = chain[index - 1];
      expect(snapshot).toMatchObject({
        baseSnapshotId: base?.snapshotId ?? null,
        fromSeq: (base?.toSeq ?? 0) + 1,
      });
      expect(snapshot.snapshotId).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    }
    const ids = chain.map(({ snapshotId }) => snapshotId);
    expect([...new Set(ids)].sort()).toEqual(ids);
    fixture.wake();
    expect(fixture.kernel.snapshots.list(10).reverse()).toEqual(chain);
  });

  test("SN3 the view of a snapshot is the fold up to its last event, byte for byte", () => {
    const fixture = grown(3);
    const { view, toSeq } = fixture.kernel.snapshots.lastWithView()!;
    const commits = fixture.commits().filter((commit) => commit.firstSeq <= toSeq);
    expect(JSON.stringify(view)).toBe(JSON.stringify(commits.reduce(foldCommit, emptyView("test", "one"))));
    const tail = fixture.commits(toSeq);
    expect(tail.reduce(foldCommit, view)).toEqual(fixture.kernel.view);
  });

  test("SN4 the event that seals is the one after the range, and alone it is nothing to seal", () => {
    const fixture = grown(1);
    const last = fixture.kernel.snapshots.last();
    expect(fixture.events().at(-1)).toMatchObject({ seq: (last?.toSeq ?? 0) + 1, type: "snapshot.sealed" });
    expect(seal(fixture)).toBeNull();
    fixture.append("x");
    expect(seal(fixture)).toMatchObject({
      fromSeq: (last?.toSeq ?? 0) + 1,
      baseSnapshotId: last?.snapshotId,
    });
  });

  test("SN6 an ordinary commit costs no row for snapshots", () => {
    const fixture = new KernelFixture();
    const total = () => Number(fixture.sql.exec("SELECT total_changes() AS n")[0]?.n);
    const before = total();
    for (let n = 0; n < 20; n++) fixture.append(`p.1.${n}`, n);
    expect(total() - before).toBe(20);
  });

  test("SN7 a view longer than a row is kept without loss, and only the newest snapshots keep theirs", () => {
    const fixture = grown(12, { limits: { ...defaultLimits, maxRowBytes: 300 } });
    const rows = fixture.sql.exec(
      "SELECT max(length(CAST(body AS BLOB))) AS n FROM (SELECT view AS body FROM _sessile_snapshot UNION ALL SELECT body FROM _sessile_continuation)",
    );
    expect(Number(rows[0]?.n)).toBeLessThanOrEqual(300);
    expect(fixture.kernel.snapshots.lastWithView()?.view.state).toEqual({ n: 11, text: "é".repeat(550) });
    expect(Number(fixture.sql.exec("SELECT count(view) AS n FROM _sessile_snapshot")[0]?.n)).toBe(2);
    const owners = fixture.sql.exec(
      "SELECT DISTINCT owner FROM _sessile_continuation WHERE owner LIKE 'snapshot:%'",
    );
    expect(owners).toHaveLength(2);
  });

  test("SN7 when fewer views are to be kept, all others go", () => {
    const policy = { ...defaultSnapshotPolicy, keepViews: 5 };
    const fixture = grown(8, { limits: { ...defaultLimits, maxRowBytes: 300 }, snapshots: policy });
    (fixture.kind as { snapshots: typeof policy }).snapshots = defaultSnapshotPolicy;
    fixture.append("more");
    seal(fixture);
    const withView = () =>
      fixture.sql
        .exec("SELECT to_seq FROM _sessile_snapshot WHERE view IS NOT NULL ORDER BY to_seq DESC")
        .map((row) => row.to_seq);
    expect(withView()).toEqual(fixture.kernel.snapshots.list(2).map(({ toSeq }) => toSeq));
    const owners = "SELECT DISTINCT owner FROM _sessile_continuation WHERE owner LIKE 'snapshot:%'";
    expect(fixture.sql.exec(owners)).toHaveLength(2);
  });
});
