import type { SessionEvent } from "../protocol/index.ts";
import { gatesContract } from "./gates-contract.ts";
import { headContract } from "./head-contract.ts";
import { listContract } from "./list-contract.ts";
import {
  allEvents,
  equal,
  exampleEvents,
  exampleRow,
  type RecordCase,
  refused,
  seeded,
} from "./record-examples.ts";

const directoryCases: readonly RecordCase[] = [
  {
    title: "RE1 appending to a session without a directory row is not_found, also with a long payload",
    async run(record) {
      for (const payload of ["x", "x".repeat(2_000_000)]) {
        const events = exampleEvents("ghost", 1, [payload]);
        await refused(
          () => record.appendEvents({ kind: "note", name: "ghost", fromSeq: 1, events }),
          "not_found",
        );
      }
      equal(await record.recordedSeq("note", "ghost"), 0, "watermark");
      equal(await record.getSession("note", "ghost"), null, "session");
      equal(await record.readEvents("note", "ghost"), { events: [], hasMore: false }, "events");
    },
  },
  {
    title: "RE1 a directory row is read back as written",
    async run(record) {
      const row = exampleRow("a@b", {
        status: "new",
        ownerId: "u1",
        facts: { severity: 3, tags: ["x", null] },
        title: "Ä \u{1f9ed}",
      });
      equal(await record.upsertSession(row), 0, "watermark of a new row");
      equal(await record.getSession("note", "a@b"), { ...row, sessionId: "note/a@b", recordedSeq: 0 }, "row");
      const stripped = exampleRow("n", { title: "a\0b\ud800c" });
      await record.upsertSession(stripped);
      equal((await record.getSession("note", "n"))?.title, "a\ufffdb\ufffdc", "what SQLite cannot hold");
    },
  },
  {
    title: "RE1 an address outside the grammar is bad_request",
    async run(record) {
      await refused(() => record.upsertSession(exampleRow("a/b")), "bad_request");
      await refused(() => record.readEvents("No", "a"), "bad_request");
    },
  },
  {
    title: "RE2 a row of a lower lastSeq changes nothing, one of the same or a higher replaces",
    async run(record) {
      await record.upsertSession(exampleRow("a", { lastSeq: 5, title: "five", createdAt: 1 }));
      await record.upsertSession(exampleRow("a", { lastSeq: 4, title: "four" }));
      equal((await record.getSession("note", "a"))?.title, "five", "after an older one");
      await record.upsertSession(exampleRow("a", { lastSeq: 5, title: "five again" }));
      equal((await record.getSession("note", "a"))?.title, "five again", "after an equal one");
      await record.upsertSession(
        exampleRow("a", { lastSeq: 6, title: "six", status: "done", lifecycle: "paused" }),
      );
      const session = await record.getSession("note", "a");
      equal(
        [session?.title, session?.status, session?.lifecycle],
        ["six", "done", "paused"],
        "after a newer one",
      );
      equal(session?.createdAt, 1, "createdAt stays");
    },
  },
  {
    title: "RE2 an upsert leaves the watermark alone and answers it",
    async run(record) {
      await seeded(record, "a", [1, 2, 3]);
      equal(await record.upsertSession(exampleRow("a", { lastSeq: 9 })), 3, "answer");
      equal(await record.recordedSeq("note", "a"), 3, "watermark");
    },
  },
];

const appendCases: readonly RecordCase[] = [
  {
    title: "RE3 a gap is precondition_failed with the watermark and writes nothing",
    async run(record) {
      await seeded(record, "a", [1, 2]);
      const events = exampleEvents("a", 4, [4, 5]);
      const error = await refused(
        () => record.appendEvents({ kind: "note", name: "a", fromSeq: 4, events }),
        "precondition_failed",
      );
      equal(error.details.currentVersion, 2, "watermark in the error");
      equal((await allEvents(record, "a")).length, 2, "events");
    },
  },
  {
    title: "RE3 a batch that is no contiguous range is bad_request",
    async run(record) {
      await record.upsertSession(exampleRow("a"));
      const [one, two, three] = exampleEvents("a", 1, [1, 2, 3]) as [
        SessionEvent,
        SessionEvent,
        SessionEvent,
      ];
      for (const events of [[one, three], [two], [one, one]]) {
        await refused(
          () => record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events }),
          "bad_request",
        );
      }
      await refused(
        () => record.appendEvents({ kind: "note", name: "a", fromSeq: 0, events: [] }),
        "bad_request",
      );
      equal(await record.recordedSeq("note", "a"), 0, "watermark");
    },
  },
  {
    title: "RE4 appending the same range, a part of it, or an overlap leaves each event once",
    async run(record) {
      const events = await seeded(record, "a", ["a", { b: [1] }, null, "d", "e"]);
      const again = (from: number, to: number) =>
        record.appendEvents({ kind: "note", name: "a", fromSeq: from, events: events.slice(from - 1, to) });
      equal(await again(1, 5), 5, "whole");
      equal(await again(2, 3), 5, "part");
      const more = exampleEvents("a", 6, ["f", "g"]);
      equal(
        await record.appendEvents({
          kind: "note",
          name: "a",
          fromSeq: 4,
          events: [...events.slice(3), ...more],
        }),
        7,
        "overlap",
      );
      equal(await record.appendEvents({ kind: "note", name: "a", fromSeq: 8, events: [] }), 7, "nothing");
      equal(await allEvents(record, "a"), [...events, ...more], "events");
    },
  },
  {
    title: "RE4 racing appends of the same range leave each event once",
    async run(record) {
      const events = exampleEvents(
        "a",
        1,
        Array.from({ length: 40 }, (_, index) => index),
      );
      await record.upsertSession(exampleRow("a", { lastSeq: 40 }));
      const ends = [40, 10, 25, 40, 33];
      const append = (to: number) =>
        record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events: events.slice(0, to) });
      await Promise.all(ends.map(append));
      equal(await allEvents(record, "a"), events, "events");
    },
  },
  {
    title: "RE4 an actor's name that SQLite cannot hold does not make its event differ from its own copy",
    async run(record) {
      const [event] = exampleEvents("a", 1, ["x"]) as [SessionEvent];
      const events = [{ ...event, actor: { id: "u\0", name: "\ud800 half" } }];
      await record.upsertSession(exampleRow("a"));
      for (let time = 0; time < 2; time++) {
        equal(await record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events }), 1, "watermark");
      }
      const page = await record.readEvents("note", "a");
      equal(page.events[0]?.actor, { id: "u\ufffd", name: "\ufffd half" }, "actor");
    },
  },
  {
    title:
      "RE5 a stored event that differs in anything is conflict naming its seq; nothing after it is written",
    async run(record) {
      const events = await seeded(record, "a", ["one", "two", "three"]);
      const second = events[1] as SessionEvent;
      const changes: Partial<SessionEvent>[] = [
        { payload: "2" },
        { type: "note.edited" },
        { actor: null },
        { actor: { id: second.actor?.id ?? "", name: "Bob" } },
        { clientEventId: "other" },
        { createdAt: new Date(0).toISOString() },
        { eventId: "01ARZ3NDEKTSV4RRFFQ69G5FAV" },
      ];
      for (const change of changes) {
        const forged = [
          events[0],
          { ...second, ...change },
          events[2],
          ...exampleEvents("a", 4, ["four"]),
        ] as SessionEvent[];
        const error = await refused(
          () => record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events: forged }),
          "conflict",
        );
        equal(error.details.currentVersion, 2, `seq of the difference in ${Object.keys(change)}`);
      }
      equal(await allEvents(record, "a"), events, "events");
    },
  },
  {
    title: "RE6 a clientEventId is stored once per session, null any number of times",
    async run(record) {
      const events = await seeded(record, "a", [1, 2, 3]);
      const taken = exampleEvents("a", 4, [4]).map((event) => ({
        ...event,
        clientEventId: events[1]?.clientEventId ?? null,
      }));
      await refused(
        () => record.appendEvents({ kind: "note", name: "a", fromSeq: 4, events: taken }),
        "conflict",
      );
      equal(await record.recordedSeq("note", "a"), 3, "watermark");
      await seeded(record, "b", [1, 2, 3]);
      equal(await record.recordedSeq("note", "b"), 3, "the same ids in another session");
    },
  },
  {
    title: "RE7 events come back equal and in order, in pages by count and by bytes, never an empty one",
    async run(record) {
      const events = await seeded(record, "a", [
        null,
        "x".repeat(5000),
        [1, { "": "\0\ud800\u2028" }],
        0.1,
        "é\u{1f9ed}",
        {},
        false,
      ]);
      equal(await allEvents(record, "a"), events, "one page");
      equal(await allEvents(record, "a", 2), events, "pages of two");
      const tiny = await record.readEvents("note", "a", { after: 1, maxBytes: 1 });
      equal(tiny, { events: [events[1]], hasMore: true }, "a page smaller than its first event");
      const middle = await record.readEvents("note", "a", { after: 1, limit: 5, maxBytes: 6000 });
      equal([middle.events.length, middle.hasMore], [4, true], "cut by bytes");
      equal(
        await record.readEvents("note", "a", { after: 6 }),
        { events: [events[6]], hasMore: false },
        "the last",
      );
      equal(
        await record.readEvents("note", "a", { after: 7 }),
        { events: [], hasMore: false },
        "past the end",
      );
      for (const options of [{ limit: 0 }, { limit: 1001 }, { after: -1 }, { after: 0.5 }, { maxBytes: 0 }]) {
        await refused(() => record.readEvents("note", "a", options), "bad_request");
      }
    },
  },
  {
    title: "RE8 payloads longer than a row come back byte for byte, and are compared",
    async run(record) {
      const long = [
        '\\"\u{1f9ed}é'.repeat(120_000),
        "x",
        "y".repeat(2_000_000),
        { quotes: '"'.repeat(479_000) },
        "z".repeat(481_000),
      ];
      const events = await seeded(record, "a", long);
      equal(await allEvents(record, "a"), events, "events");
      const page = await record.readEvents("note", "a", { maxBytes: 1_500_000 });
      equal([page.events.length, page.hasMore], [3, true], "parts count to a page's bytes");
      await record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events });
      const forged = events.map((event) =>
        event.seq === 3 ? { ...event, payload: `${"y".repeat(1_999_999)}n` } : event,
      );
      const error = await refused(
        () => record.appendEvents({ kind: "note", name: "a", fromSeq: 1, events: forged }),
        "conflict",
      );
      equal(error.details.currentVersion, 3, "seq of the difference");
      equal(await allEvents(record, "a"), events, "events after the conflict");
    },
  },
  {
    title: "RE7 a batch larger than one statement is recorded whole",
    async run(record) {
      const payloads = Array.from({ length: 2500 }, (_, index) =>
        index % 100 === 0 ? "\n".repeat(60_000) : index,
      );
      const events = await seeded(record, "a", payloads);
      equal(await allEvents(record, "a"), events, "events");
    },
  },
  {
    title: "RE10 a writer of a lower epoch is fenced and writes nothing",
    async run(record) {
      const row = exampleRow("a", { epoch: 2 });
      await record.upsertSession(row);
      const batch = { kind: "note", name: "a", fromSeq: 1, events: exampleEvents("a", 1, [1]) };
      const error = await refused(() => record.appendEvents({ ...batch, epoch: 1 }), "fenced");
      equal(error.details.currentVersion, 2, "epoch of the other writer");
      await refused(() => record.upsertSession({ ...row, epoch: 1, title: "stale", lastSeq: 9 }), "fenced");
      equal((await record.getSession("note", "a"))?.title, "a", "title");
      equal(await record.appendEvents({ ...batch, epoch: 3 }), 1, "a higher epoch takes over");
      await refused(() => record.appendEvents({ ...batch, epoch: 2 }), "fenced");
      equal((await record.getSession("note", "a"))?.epoch, 3, "epoch");
    },
  },
];

/** What every implementation of `SessionRecord` keeps. */
export const recordContract: readonly RecordCase[] = [
  ...directoryCases,
  ...appendCases,
  ...listContract,
  ...headContract,
  ...gatesContract,
];
