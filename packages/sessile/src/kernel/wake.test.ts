import { describe, expect, test } from "vitest";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import type { Migration } from "./migrations.ts";

describe("wake", () => {
  test("WK1 a wake reads a bounded tail, however long the log is", () => {
    const fixture = new KernelFixture();
    for (let n = 0; n < 1000; n++) fixture.append(`p.1.${n}`, n);
    const row = fixture.sql.exec("SELECT seq FROM _sessile_view")[0];
    expect(1002 - Number(row?.seq)).toBeLessThan(64);
    expect(fixture.wake().view.lastSeq).toBe(1002);
  });

  test("WK2 an ordinary commit writes one row; the view follows every 64 commits or 512 KB", () => {
    const fixture = new KernelFixture();
    const seqOfView = () =>
      Number(fixture.sql.exec("SELECT coalesce(max(seq), 0) AS seq FROM _sessile_view")[0]?.seq);
    for (let n = 0; n < 62; n++) fixture.append(`p.1.${n}`, n);
    expect(seqOfView()).toBe(0);
    fixture.append("p.1.62", 62);
    expect(seqOfView()).toBe(65);
    fixture.append("p.1.63", "x".repeat(600_000));
    expect(seqOfView()).toBe(66);
  });
});

const step = (
  version: number,
  up: Migration["up"] = (sql) => void sql.exec(`CREATE TABLE t${version} (a)`),
): Migration => ({
  version,
  name: `t${version}`,
  up,
});

describe("migrations", () => {
  test("MI1 a session runs the steps it lacks on wake, in order, once", () => {
    const ran: number[] = [];
    const logged = (version: number) => step(version, () => void ran.push(version));
    const fixture = new KernelFixture({ migrations: [logged(1)] });
    (fixture.kind as { migrations: readonly Migration[] }).migrations = [logged(1), logged(2), logged(3)];
    fixture.wake();
    fixture.wake();
    expect(ran).toEqual([1, 2, 3]);
  });

  test("MI2 a step and its version are written together: one that fails half way leaves nothing and runs again", () => {
    let fail = true;
    const broken = step(2, (sql) => {
      sql.exec("CREATE TABLE half (a)");
      if (fail) throw new Error("power cut");
    });
    const fixture = new KernelFixture({ migrations: [step(1)] });
    (fixture.kind as { migrations: readonly Migration[] }).migrations = [step(1), broken];
    expect(() => fixture.wake()).toThrow("power cut");
    expect(fixture.sql.exec("SELECT name FROM sqlite_master WHERE name = 'half'")).toEqual([]);
    fail = false;
    fixture.wake();
    expect(fixture.rows("half")).toBe(0);
  });

  test("MI3 versions must run 1, 2, 3, and a session newer than the code is not touched", () => {
    expect(() => new KernelFixture({ migrations: [step(2)] })).toThrow("1 was expected");
    const fixture = new KernelFixture({ migrations: [step(1), step(2)] });
    (fixture.kind as { migrations: readonly Migration[] }).migrations = [step(1)];
    expect(() => fixture.wake()).toThrow(expect.objectContaining({ code: "unavailable" }));
  });
});

describe("operator log", () => {
  test("OP1 entries are found by tag, level and time, newest first, and leave after seven days", () => {
    const fixture = new KernelFixture();
    const log = fixture.kernel.operatorLog;
    const start = fixture.now;
    log.write(start, "info", "conn", "one");
    log.write(start + 1, "error", "gate", "two", { a: 1 });
    log.write(start + 2, "warn", "conn", "three");
    expect(log.query({}).map((entry) => entry.message)).toEqual(["three", "two", "one"]);
    expect(log.query({ tag: "conn" }).map((entry) => entry.message)).toEqual(["three", "one"]);
    expect(log.query({ level: "warn" }).map((entry) => entry.message)).toEqual(["three", "two"]);
    expect(log.query({ since: start + 1, limit: 1 })).toMatchObject([{ message: "three" }]);
    expect(log.query({ tag: "gate" })[0]?.attrs).toEqual({ a: 1 });
    log.prune(start + 7 * 24 * 3_600_000 + 1);
    expect(log.query({}).map((entry) => entry.message)).toEqual(["three", "two"]);
  });

  test("OP1 an object that stays awake lets old entries go as well", () => {
    const fixture = new KernelFixture({ operatorLogMs: 1000 });
    const log = fixture.kernel.operatorLog;
    log.write(fixture.now, "info", "conn", "old");
    for (let n = 1; n < 1000; n++) log.write(fixture.now + 1001, "info", "conn", "new");
    expect(log.query({ limit: 2000 })).toHaveLength(999);
  });
});
