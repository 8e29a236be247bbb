import { describe, expect, test } from "vitest";
import { initialSessionState } from "../protocol/session-state.ts";
import { type Fault, withFaults } from "../record/faulty-d1.ts";
import type { D1Database, D1PreparedStatement } from "../record/index.ts";
import { openSqliteD1 } from "../record/sqlite-d1.ts";
import { createD1StateStore, runMigration, stateStoreVersion } from "./index.ts";

const idle = initialSessionState("writer", "stream");
/** Another isolate's view of the same database: a binding object of its own. */
const isolateOf = (db: D1Database): D1Database => ({
  prepare: (query) => db.prepare(query),
  batch: (statements) => db.batch(statements),
});

describe("answers that are lost", () => {
  test("AS16 a save whose answer was lost is found, and not made twice", async () => {
    const db = withFaults(openSqliteD1());
    const store = createD1StateStore(db);
    await store.createSession("a", idle);
    const save = {
      state: { ...idle, stepCount: 1 },
      expectedVersion: 1,
      messages: [{ role: "user" }],
      checkpoint: { checkpointId: "cp", streamSequence: 0 },
    };
    db.failAt(1, "after");
    expect(await store.saveStateAndPromoteStaging("a", save)).toEqual({
      ok: true,
      newVersion: 2,
      messageCount: 1,
    });
    db.failAt(1, "after");
    expect(await store.appendMessages("a", [{ role: "tool" }])).toBe(2);
    db.failAt(1, "after");
    expect(await store.compareAndSetStatus("a", ["idle"], "active")).toEqual({ ok: true, newVersion: 3 });
    expect(await store.loadState("a")).toMatchObject({ version: 3, messageCount: 2, checkpointId: "cp" });
  });

  test("AS16 it is looked for in the primary: a replica may not have it yet", async () => {
    const db = openSqliteD1();
    await createD1StateStore(db).createSession("a", idle);
    const askedOfPrimary: string[] = [];
    const store = createD1StateStore({
      ...isolateOf(db),
      prepare(query) {
        askedOfPrimary.push(query);
        return db.prepare(query);
      },
      withSession: () => ({
        prepare: (query) => db.prepare(query),
        async batch<Row>(statements: D1PreparedStatement[]) {
          await db.batch<Row>(statements);
          throw new Error("D1_ERROR: Network connection lost.");
        },
      }),
    });
    expect(await store.incrementStepCount("a")).toBe(1);
    expect(askedOfPrimary.at(-1)).toMatch(/^SELECT write_id/);
  });

  test("AS16 a save that was not carried out, or cannot be looked for, is unavailable", async () => {
    const db = withFaults(openSqliteD1());
    const store = createD1StateStore(db);
    await store.createSession("a", idle);
    for (const fault of ["before", "after"] as Fault[]) {
      db.fail(fault);
      await expect(store.incrementStepCount("a")).rejects.toMatchObject({ code: "unavailable" });
      db.heal();
    }
    db.failAt(1, "before");
    await expect(store.incrementStepCount("a")).rejects.toMatchObject({ code: "unavailable" });
    // The second of the three was carried out, which nobody could tell.
    expect(await store.loadState("a")).toMatchObject({ stepCount: 1, version: 2 });
  });
});

describe("migrating", () => {
  test("AS17 many isolates at once, then one query for an isolate, then none", async () => {
    const db = openSqliteD1();
    await Promise.all(Array.from({ length: 6 }, () => runMigration(isolateOf(db))));
    const { results } = await db.prepare("SELECT version FROM __agents_migrations").all();
    expect(results).toHaveLength(stateStoreVersion);
    const fresh = withFaults(db);
    await runMigration(fresh);
    await runMigration(fresh);
    expect(fresh.calls()).toBe(1);
  });

  test("AS17 one that fails at any query is finished by the next request; a newer database is used as it is", async () => {
    for (const fault of ["before", "after"] as Fault[])
      for (let call = 1; call <= stateStoreVersion + 1; call++) {
        const db = withFaults(openSqliteD1());
        db.failAt(call, fault);
        await runMigration(db).catch((thrown) => expect(thrown).toMatchObject({ code: "unavailable" }));
        await runMigration(db);
        db.heal();
        expect(await createD1StateStore(db).createSession("a", idle)).toBe(true);
      }
    const newer = openSqliteD1();
    await runMigration(newer);
    newer.database.exec("INSERT INTO __agents_migrations (version, name) VALUES (99, 'later')");
    expect(await createD1StateStore(isolateOf(newer)).createSession("a", idle)).toBe(true);
  });
});

describe("replicas", () => {
  test("AS19 everything of a store goes through one D1 session, which begins where it is told to", async () => {
    const db = openSqliteD1();
    const begun: (string | undefined)[] = [];
    const replicated = (): D1Database => ({
      ...isolateOf(db),
      withSession(from) {
        begun.push(from);
        return { ...isolateOf(db), getBookmark: () => `after ${begun.length}` };
      },
    });
    const store = createD1StateStore(replicated());
    expect(store.bookmark()).toBeNull();
    await store.createSession("a", idle);
    await store.loadState("a");
    const next = createD1StateStore(replicated(), { from: store.bookmark() ?? "" });
    expect(await next.sessionExists("a")).toBe(true);
    await createD1StateStore(replicated(), { from: "first-unconstrained" }).loadState("a");
    expect(begun).toEqual(["first-primary", "after 1", "first-unconstrained"]);
    expect(createD1StateStore(db).bookmark()).toBeNull();
  });
});
