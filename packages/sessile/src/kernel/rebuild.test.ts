import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Command } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import type { Commit } from "../protocol/event.ts";
import { sessionKeyOf } from "../protocol/event-id.ts";
import { packCommits, recordedEventsOf } from "../protocol/recorded-event.ts";
import { ada, bob, KernelFixture } from "../testing/kernel-fixture.ts";
import { StagedLog } from "./import.ts";

const derived = [
  "view",
  "producer",
  "client_event",
  "gate",
  "timer",
  "work",
  "step",
  "snapshot",
  "summary",
  "summary_request",
  "usage",
];

/** Every row of every table that follows from the log, and the long texts beside them. */
function dump(fixture: KernelFixture): unknown {
  const rows = Object.fromEntries(
    derived.map((table) => [table, fixture.sql.exec(`SELECT * FROM _sessile_${table} ORDER BY 1, 2`)]),
  );
  const long = fixture.sql.exec(
    "SELECT * FROM _sessile_continuation WHERE owner NOT LIKE 'log:%' ORDER BY owner, part",
  );
  return { rows, long };
}

type Act =
  | { is: "send"; ids: readonly (string | undefined)[]; payload: number; by: typeof ada | null }
  | { is: "do"; what: (typeof things)[number]; id: string }
  | { is: "wake" };

const things = [
  "gate",
  "answer",
  "expire",
  "timer",
  "cancel",
  "fire",
  "start",
  "step",
  "complete",
  "fail",
  "seal",
  "ask",
  "summarise",
  "use",
  "state",
] as const;
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant("send" as const),
      ids: fc.array(fc.constantFrom("a.1.1", "a.1.2", "a.2.1", "b.1.9", "f1", "f2", "f3", undefined), {
        maxLength: 4,
      }),
      payload: fc.nat(),
      by: fc.constantFrom(ada, bob, null),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      is: fc.constant("do" as const),
      what: fc.constantFrom(...things),
      id: fc.constantFrom("x", "y"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant("wake" as const) }) },
);

function play(fixture: KernelFixture, action: Act): void {
  if (action.is === "wake") return void fixture.wake();
  if (action.is === "send") {
    const commands = action.ids.map(
      (id): Command => ({ op: "append", type: "message", payload: action.payload, ...(id ? { id } : {}) }),
    );
    return void fixture.send(commands, action.by);
  }
  const { what, id } = action;
  fixture.now += 1;
  const { kernel, now } = fixture;
  try {
    kernel.write(null, now, (writer) => {
      if (what === "gate")
        writer.openGate({ gateId: id, title: "?", ...(id === "x" ? { expiresAt: now + 999 } : {}) });
      if (what === "answer") writer.gates.answer(id, { answer: "approve" });
      if (what === "expire") writer.gates.expire(id, "withdrawn");
      if (what === "timer") writer.setTimer({ timerId: id, name: "n", dueAt: now + 5, input: { id } });
      if (what === "cancel") writer.cancelTimer(id);
      if (what === "fire")
        for (const timer of kernel.due.due(now + 5)) if (timer.name) writer.fireTimer(timer);
      if (what === "start") writer.startWork({ workId: id, name: "n", input: [id] });
      if (what === "step") writer.completeStep(id, `s${now % 3}`, now);
      if (what === "complete") writer.completeWork(id, { id });
      if (what === "fail") writer.failWork(id, "gave up");
      if (what === "seal") writer.sealSnapshot();
      if (what === "ask") writer.requestSummary("detailed");
      if (what === "use")
        writer.recordUsage({ entryId: id, kind: "tool", source: "s", name: id, durationMs: 3 });
      if (what === "summarise") {
        const summary = { text: id, keyTopics: [id], actionItems: [], base: null, toSeq: writer.lastSeq };
        writer.createSummary({ ...summary, omittedEvents: 0, style: "brief", reason: "request", model: "m" });
      }
      if (what === "state") writer.setState({ now });
    });
  } catch (thrown) {
    // Refused: there was no such gate or work. Nothing was written.
    if (!(thrown instanceof SessileError)) throw thrown;
  }
}

function played(actions: readonly Act[]): KernelFixture {
  const fixture = new KernelFixture();
  for (const action of actions) play(fixture, action);
  // Long enough that this very commit writes down the view and the producers, which lag behind otherwise.
  fixture.append("z.1.1", "x".repeat(530_000));
  return fixture;
}

describe("rebuild", () => {
  test("RS1 every table made anew from the log is the same, row for row", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (actions) => {
        const fixture = played(actions);
        const [tables, view] = [dump(fixture), JSON.stringify(fixture.kernel.view)];
        for (const table of derived) {
          if (table !== "timer") fixture.sql.exec(`DELETE FROM _sessile_${table}`);
        }
        fixture.kernel.rebuild();
        expect(dump(fixture)).toEqual(tables);
        expect(JSON.stringify(fixture.kernel.view)).toBe(view);
        expect(JSON.stringify(fixture.wake().view)).toBe(view);
      }),
      { numRuns: 60 },
    );
  });

  test("RS1 a terminated session too", () => {
    const fixture = new KernelFixture();
    fixture.kernel.write(null, fixture.now, (writer) => {
      writer.openGate({ gateId: "g", title: "?", expiresAt: fixture.now + 5 });
      writer.startWork({ workId: "w", name: "n", input: null });
      writer.setTimer({ timerId: "t", name: "n", dueAt: 1 });
    });
    fixture.one({ op: "setLifecycle", to: "terminated" });
    const before = dump(fixture) as { rows: { view: unknown; snapshot: unknown } };
    fixture.kernel.rebuild();
    const after = dump(fixture) as typeof before;
    expect({ ...after.rows, view: null }).toEqual({ ...before.rows, view: null });
  });

  test("RS2 events packed into other commits give the same tables", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (actions) => {
        const fixture = played(actions);
        const events = fixture
          .commits()
          .flatMap((commit) => recordedEventsOf(commit, sessionKeyOf("test", "one")));
        const copy = KernelFixture.empty();
        const staged = new StagedLog(copy.kernel);
        staged.begin();
        for (const commit of packCommits(events)) staged.add([commit]);
        expect(copy.kernel.exists).toBe(false);
        staged.activate(events.length);
        expect(dump(copy)).toEqual(dump(fixture));
        expect(
          copy.commits().flatMap((commit) => recordedEventsOf(commit, sessionKeyOf("test", "one"))),
        ).toEqual(events);
        expect(copy.append("z.1.1")).toMatchObject({ repeated: true });
      }),
      { numRuns: 40 },
    );
  });
});

describe("import", () => {
  const example = () => {
    const fixture = new KernelFixture();
    fixture.append("p.1.1", "ä€😀".repeat(240_000));
    fixture.append("f", 1);
    return { fixture, commits: fixture.commits() };
  };

  test("RS3 nothing of an import shows before it is complete, also after a wake; the next one begins anew", () => {
    const { commits } = example();
    const copy = KernelFixture.empty();
    const staged = new StagedLog(copy.kernel);
    staged.begin();
    staged.add(commits.slice(0, 2));
    expect(copy.wake().exists).toBe(false);
    const again = new StagedLog(copy.kernel);
    again.begin();
    expect(() => again.add(commits.slice(1))).toThrow(
      expect.objectContaining({ code: "precondition_failed" }),
    );
    again.add(commits);
    expect(() => again.activate(99)).toThrow(expect.objectContaining({ code: "precondition_failed" }));
    again.activate(4);
    expect(copy.wake().view.lastSeq).toBe(4);
    expect(copy.commits()).toEqual(commits);
    expect(copy.rows("_sessile_staged")).toBe(0);
  });

  test("RS3 a log that makes no session leaves everything as it was", () => {
    const { commits } = example();
    const copy = KernelFixture.empty();
    const staged = new StagedLog(copy.kernel);
    const forged = {
      firstSeq: 5,
      at: copy.now,
      actors: [],
      events: [{ type: "gate.answered", payload: { gateId: "none" } }],
    };
    staged.begin();
    staged.add([...commits, forged]);
    expect(() => staged.activate(5)).toThrow(expect.objectContaining({ code: "bad_request" }));
    const [first] = commits;
    const [created] = first?.events ?? [];
    const begun = { type: "session.lifecycle_changed", payload: { to: "active" } };
    for (const events of [
      [created],
      [created, { ...begun, payload: { to: "odd" } }],
      [created, begun, { type: "session.created", payload: 0 }],
      [{ ...created, payload: { ...(created?.payload as object), name: "another" } }, begun],
      [created, begun, { type: "status.changed", payload: { to: 5 } }],
    ]) {
      staged.begin();
      staged.add([{ ...first, events } as Commit]);
      expect(() => staged.activate(events.length)).toThrow("make no session of this address");
    }
    expect(copy.kernel.exists).toBe(false);
    expect(copy.rows("_sessile_log")).toBe(0);
    staged.begin();
    staged.add(commits);
    staged.activate(4);
    expect(copy.kernel.exists).toBe(true);
  });

  test("RS4 a session that is not empty takes no import; one that was only created, and recorded nowhere, does", () => {
    const { fixture, commits } = example();
    expect(() => new StagedLog(fixture.kernel).begin()).toThrow(
      expect.objectContaining({ code: "conflict" }),
    );
    const created = new KernelFixture();
    const staged = new StagedLog(created.kernel);
    staged.begin();
    staged.add(commits);
    staged.activate(4);
    expect(created.commits()).toEqual(commits);
    const recorded = new KernelFixture();
    recorded.sql.exec("INSERT INTO _sessile_meta VALUES ('recordedSeq', '2')");
    expect(() => new StagedLog(recorded.kernel).begin()).toThrow(
      expect.objectContaining({ code: "conflict" }),
    );
  });
});
