import { afterAll, beforeAll, expect, it } from "vitest";
import { type Fault, withFaults } from "./faulty-d1.ts";
import { createD1Record, type D1Database, migrateRecord, recordVersion } from "./index.ts";
import { exampleEvents, exampleRow } from "./record-examples.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { startWorkerdD1, type WorkerdD1 } from "./workerd-d1.ts";

let workerd: WorkerdD1;
beforeAll(async () => {
  workerd = await startWorkerdD1(["RACE", "SCHEMA"]);
});
afterAll(() => workerd?.dispose());

/** Another isolate's view of the same database: a binding object of its own. */
const isolateOf = (db: D1Database): D1Database => ({
  prepare: (query) => db.prepare(query),
  batch: (statements) => db.batch(statements),
});

it("RE13 many isolates migrate one database at once, in workerd", async () => {
  const db = await workerd.database("RACE");
  await Promise.all(Array.from({ length: 8 }, () => migrateRecord(isolateOf(db))));
  const { results } = await db.prepare("SELECT version FROM sessile_record_migrations").all();
  expect(results).toHaveLength(recordVersion);
});

it("RE13 a current database costs one query per isolate, then none", async () => {
  const db = openSqliteD1();
  await migrateRecord(db);
  const fresh = withFaults(db);
  await migrateRecord(fresh);
  await migrateRecord(fresh);
  expect(fresh.calls()).toBe(1);
});

it("RE13 a migration that fails at any query is finished by the next request", async () => {
  for (const fault of ["before", "after"] as Fault[]) {
    for (let call = 1; call <= 3; call++) {
      const faulty = withFaults(openSqliteD1());
      faulty.failAt(call, fault);
      await migrateRecord(faulty).catch((thrown) => expect(thrown).toMatchObject({ code: "unavailable" }));
      await migrateRecord(faulty);
      faulty.heal();
      await createD1Record(faulty).upsertSession(exampleRow("a"));
    }
  }
});

it("RE13 a database that is newer than this code is left alone and used", async () => {
  const db = openSqliteD1();
  await migrateRecord(db);
  db.database.exec("INSERT INTO sessile_record_migrations (version, name) VALUES (99, 'later')");
  await createD1Record(isolateOf(db)).upsertSession(exampleRow("a"));
  const { results } = await db
    .prepare("SELECT version FROM sessile_record_migrations ORDER BY version")
    .all();
  expect(results).toEqual([
    ...Array.from({ length: recordVersion }, (_, index) => ({ version: index + 1 })),
    { version: 99 },
  ]);
});

it("RE13 session_events has its columns, keys and defaults in D1", async () => {
  const db = await workerd.database("SCHEMA");
  const record = createD1Record(db);
  await record.upsertSession(exampleRow("a"));
  const events = exampleEvents("a", 1, ["one", "two"]);
  await record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events });
  const { results } = await db.prepare("SELECT * FROM session_events ORDER BY seq").all();
  expect(results[1]).toEqual({
    eventId: events[1]?.eventId,
    sessionId: "note/a",
    seq: 2,
    type: "note.added",
    createdAt: "2026-01-02T03:04:05.680Z",
    actorUserId: "u1",
    actorName: "Ada \u{1f9ed} O'Hara",
    clientEventId: "tab.1.2",
    payloadJson: '"two"',
    isPending: 0,
    resultJson: null,
  });
  expect(results[0]).toMatchObject({ actorUserId: null, actorName: null, clientEventId: null });
  const insert = (eventId: string, sessionId: string, seq: number, clientEventId: string | null) =>
    db
      .prepare(
        "INSERT INTO session_events (eventId, sessionId, seq, type, createdAt, clientEventId) VALUES (?, ?, ?, 't', '', ?)",
      )
      .bind(eventId, sessionId, seq, clientEventId)
      .all();
  await expect(insert("x", "note/unknown", 1, null)).rejects.toThrow("FOREIGN KEY");
  await expect(insert("x", "note/a", 2, null)).rejects.toThrow("UNIQUE");
  await expect(insert("x", "note/a", 3, "tab.1.2")).rejects.toThrow("UNIQUE");
  await expect(insert(events[1]?.eventId ?? "", "note/a", 3, null)).rejects.toThrow("UNIQUE");
});

it("AC7 a directory from before there were owners keeps its rows, and everyone still sees them", async () => {
  const db = openSqliteD1();
  await migrateRecord(db);
  // What version 3 left: its tables without what came later, and a row.
  for (const column of ["visibility", "readerIds"])
    db.database.exec(`ALTER TABLE sessile_sessions DROP COLUMN ${column}`);
  db.database.exec("DROP TABLE sessile_deletions; DROP INDEX session_event_parts_by_session");
  db.database.exec("DROP TABLE sessile_gates; DROP TABLE sessile_gate_policies");
  db.database.exec("DROP TABLE sessile_tokens; DELETE FROM sessile_record_migrations WHERE version >= 4");
  db.database.exec(
    `INSERT INTO sessile_sessions (sessionId, kind, name, lifecycle, title, searchText, lastSeq, createdAt, updatedAt)
      VALUES ('note/old', 'note', 'old', 'active', 'Old', 'old', 3, 1, 2)`,
  );
  const record = createD1Record(isolateOf(db));
  for (const visibleTo of [null, "somebody"]) {
    const { items } = await record.listSessions({ visibleTo });
    expect(items.map(({ name, visibility }) => [name, visibility])).toEqual([["old", undefined]]);
  }
  await record.upsertSession({ ...exampleRow("secret"), visibility: "private", readerIds: ["ada"] });
  const seen = async (visibleTo: string | null) => (await record.listSessions({ visibleTo })).items.length;
  expect([await seen(null), await seen("bob"), await seen("ada")]).toEqual([1, 1, 2]);
});
