import { describe, expect, it } from "vitest";
import { type Fault, withFaults } from "./faulty-d1.ts";
import { createD1Record, type D1Database, type SessionRecord } from "./index.ts";
import { exampleEvents, exampleRow, refused } from "./record-examples.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";

/** Small events, one that lies in parts, and a batch of more than one statement. */
const payloads = Array.from({ length: 1400 }, (_, index) => (index === 700 ? "p".repeat(3_000_000) : index));
const events = exampleEvents("a", 1, payloads);

async function scenario(record: SessionRecord): Promise<void> {
  await record.upsertSession(exampleRow("a", { lastSeq: events.length }));
  await record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events });
}

function stored(db: ReturnType<typeof openSqliteD1>) {
  const rows = db.database.prepare("SELECT seq, eventId, payloadJson FROM session_events ORDER BY seq").all();
  const session = db.database.prepare("SELECT lastSeq, recordedSeq FROM sessile_sessions").all();
  const parts = db.database
    .prepare("SELECT eventId, part, text FROM session_event_parts ORDER BY part")
    .all();
  return { rows, session, parts };
}

describe("RE9 a query that fails, or whose answer is lost, leaves the same record after a repeat", async () => {
  const reference = openSqliteD1();
  const counted = withFaults(reference);
  await scenario(createD1Record(counted));
  const expected = stored(reference);
  const calls = counted.calls();

  it("RE9 the scenario is not trivial", () => {
    expect(calls).toBeGreaterThan(6);
    expect(expected.rows).toHaveLength(1400);
    expect(expected.parts).toHaveLength(4);
    expect(expected.session).toEqual([{ lastSeq: 1400, recordedSeq: 1400 }]);
  });

  for (const fault of ["before", "after"] as Fault[]) {
    it(`RE9 each of its queries failing ${fault} it is carried out`, async () => {
      for (let call = 1; call <= calls; call++) {
        const db = openSqliteD1();
        const faulty = withFaults(db);
        faulty.failAt(call, fault);
        let failures = 0;
        for (let attempt = 0; attempt < 2; attempt++) {
          await scenario(createD1Record(faulty)).catch((thrown) => {
            failures++;
            expect(thrown).toMatchObject({ code: "unavailable" });
          });
        }
        expect(failures).toBeLessThan(2);
        expect(stored(db)).toEqual(expected);
      }
    });
  }

  it("RE9 a lost answer to an insert is settled within the same call", async () => {
    const faulty = withFaults(openSqliteD1());
    const record = createD1Record(faulty);
    await record.upsertSession(exampleRow("a"));
    faulty.failAt(1, "after");
    expect(
      await record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events: events.slice(0, 3) }),
    ).toBe(3);
  });

  it("RE9 an unfinished long payload is seen by nobody, and another one in its place is conflict", async () => {
    const db = openSqliteD1();
    const faulty = withFaults(db);
    const record = createD1Record(faulty);
    const long = exampleEvents("a", 1, ["l".repeat(3_000_000)]);
    await record.upsertSession(exampleRow("a"));
    faulty.failAt(3, "before");
    await refused(
      () => record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events: long }),
      "unavailable",
    );
    expect(stored(db).parts.length).toBeGreaterThan(0);
    expect(await record.readEvents("note", "a")).toEqual({ events: [], hasMore: false });
    const other = exampleEvents("a", 1, ["o".repeat(3_000_000)]);
    await refused(
      () => record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events: other }),
      "conflict",
    );
    expect(await record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events: long })).toBe(1);
  });

  it("RE9 a database that does not answer is unavailable with retryAfterMs, and its message stays inside", async () => {
    const faulty = withFaults(openSqliteD1());
    const record = createD1Record(faulty);
    faulty.fail();
    const attempts = [
      () => record.upsertSession(exampleRow("a")),
      () => record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events: [] }),
      () => record.recordedSeq("note", "a"),
      () => record.readEvents("note", "a"),
      () => record.getSession("note", "a"),
      () => record.listSessions(),
    ];
    for (const healthy of [false, true]) {
      for (const attempt of attempts) {
        const error = await refused(attempt, "unavailable");
        expect(error.details.retryAfterMs).toBeGreaterThan(0);
        expect(JSON.stringify(error.toWire())).not.toContain("D1_ERROR");
      }
      if (healthy) continue;
      // Once more with the tables in place, so that the queries themselves fail and not the migration.
      faulty.heal();
      await record.listSessions();
      faulty.fail();
    }
  });
});

describe("RE21 what a statement carries", () => {
  it("RE21 no statement has a parameter above 1 MB, whatever the payloads", async () => {
    const db = openSqliteD1();
    const record = createD1Record(db);
    const awkward = [
      '"'.repeat(230_000),
      "\\".repeat(239_999),
      "é".repeat(600_000),
      "x".repeat(479_990),
      "\u{1f9ed}".repeat(300_000),
    ];
    await record.upsertSession(exampleRow("a"));
    await record.appendEvents({
      kind: "note",
      name: "a",
      fromSeq: 1,
      events: exampleEvents("a", 1, awkward),
    });
    expect(db.log.largestParamBytes).toBeLessThanOrEqual(1_000_000);
    const { events: read } = await record.readEvents("note", "a", { maxBytes: 100_000_000 });
    expect(read.map((event) => event.payload)).toEqual(awkward);
    const largest = db.database
      .prepare("SELECT MAX(octet_length(payloadJson)) AS bytes FROM session_events")
      .get();
    expect(largest?.bytes).toBeLessThan(2_000_000);
  });

  it("RE21 appending the next range is one round trip of one transaction", async () => {
    const faulty = withFaults(openSqliteD1());
    const record = createD1Record(faulty);
    await record.upsertSession(exampleRow("a"));
    const before = faulty.calls();
    await record.appendEvents({
      kind: "note",
      name: "a",
      fromSeq: 1,
      events: exampleEvents("a", 1, [1, 2, 3]),
    });
    expect(faulty.calls() - before).toBe(1);
  });
});

describe("RE22 replicas", () => {
  it("RE22 reads go through a D1 session where there is one; writes and watermarks go to the primary", async () => {
    const primary = withFaults(openSqliteD1());
    const sessions: (string | undefined)[] = [];
    const replica = openSqliteD1();
    await createD1Record(replica).upsertSession(exampleRow("only-on-replica"));
    const db: D1Database = {
      prepare: primary.prepare,
      batch: primary.batch,
      withSession(constraint) {
        sessions.push(constraint);
        return replica;
      },
    };
    const record = createD1Record(db);
    await record.upsertSession(exampleRow("a"));
    await record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events: exampleEvents("a", 1, [1]) });
    expect(await record.recordedSeq("note", "a")).toBe(1);
    expect(sessions).toEqual([]);
    expect((await record.listSessions()).items.map((item) => item.name)).toEqual(["only-on-replica"]);
    expect(await record.getSession("note", "a")).toBeNull();
    expect((await record.readEvents("note", "a")).events).toEqual([]);
    expect(sessions).toEqual(["first-unconstrained", "first-unconstrained", "first-unconstrained"]);
    const pinned = createD1Record(db, { readFrom: () => primary });
    expect((await pinned.getSession("note", "a"))?.recordedSeq).toBe(1);
  });
});
