import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Command } from "../protocol/command.ts";
import { emptyView, foldCommit } from "../protocol/view.ts";
import { ada, bob, KernelFixture } from "../testing/kernel-fixture.ts";
import { listGates } from "./gates.ts";

const actor = fc.constantFrom(ada, bob, null);
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto")));
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant("append" as const),
      type: fc.constantFrom("message", "note.added"),
      payload: json,
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant("setState" as const), state: json }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("setStatus" as const),
      to: fc.constantFrom("new", "open", "done"),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ op: "reset" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("setLifecycle" as const),
      to: fc.constantFrom("paused" as const, "active" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("answerGate" as const),
      gateId: fc.constantFrom("g1", "g2"),
      answer: fc.constantFrom("approve", "reject"),
    }),
  },
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant("send" as const),
      commands: fc.array(command, { maxLength: 8 }),
      actor,
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant("wake" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ is: fc.constant("gate" as const), gateId: fc.constantFrom("g1", "g2") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      is: fc.constant("work" as const),
      workId: fc.constantFrom("w1", "w2"),
      end: fc.boolean(),
    }),
  },
);

function play(fixture: KernelFixture, act: Action): void {
  const { kernel, now } = fixture;
  switch (act.is) {
    case "send":
      fixture.send(act.commands, act.actor);
      return;
    case "wake":
      fixture.wake();
      return;
    case "gate":
      kernel.write(null, now, (writer) => writer.openGate({ gateId: act.gateId, title: "?" }));
      return;
    case "work":
      kernel.write(ada, now, (writer) => {
        writer.startWork({ workId: act.workId, name: "n", input: null });
        if (act.end && Object.hasOwn(writer.view.work, act.workId)) writer.completeWork(act.workId, 1);
      });
  }
}

type Action =
  | { is: "send"; commands: Command[]; actor: typeof ada | null }
  | { is: "wake" }
  | { is: "gate"; gateId: string }
  | { is: "work"; workId: string; end: boolean };

describe("fold", () => {
  test("FO1 folding the log from 1 gives the view, byte for byte, before and after a wake", () => {
    fc.assert(
      fc.property(fc.array(step as fc.Arbitrary<Action>, { maxLength: 40 }), (actions) => {
        const fixture = new KernelFixture();
        for (const action of actions) play(fixture, action);
        const folded = JSON.stringify(fixture.commits().reduce(foldCommit, emptyView("test", "one")));
        expect(JSON.stringify(fixture.kernel.view)).toBe(folded);
        expect(JSON.stringify(fixture.wake().view)).toBe(folded);
      }),
      { numRuns: 150 },
    );
  });

  test("FO2 a view resumed anywhere and folded on equals the view folded from 1", () => {
    const fixture = new KernelFixture();
    for (let n = 0; n < 30; n++)
      fixture.send([
        { op: "setState", state: n },
        { op: "append", type: "message", payload: n },
      ]);
    const commits = fixture.commits();
    for (let cut = 0; cut <= commits.length; cut++) {
      const head = commits.slice(0, cut).reduce(foldCommit, emptyView("test", "one"));
      // A repeat of what was folded changes nothing.
      const again = commits.slice(Math.max(0, cut - 2), cut).reduce(foldCommit, head);
      expect(JSON.stringify(commits.slice(cut).reduce(foldCommit, again))).toBe(
        JSON.stringify(fixture.kernel.view),
      );
    }
  });

  test("FO3 the gate table follows from the log", () => {
    const fixture = new KernelFixture();
    fixture.kernel.write(null, fixture.now, (writer) => {
      writer.openGate({ gateId: "a", title: "?" });
      writer.openGate({ gateId: "b", title: "?" });
    });
    fixture.one({ op: "answerGate", gateId: "a", answer: "approve" });
    const open = listGates(fixture.sql).filter((record) => record.outcome === null);
    expect(open.map((record) => record.gate)).toEqual(Object.values(fixture.kernel.view.gates));
  });
});
