import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

/** `step.completed` and what their `commit` wrote, by step name. */
async function journal(name: string) {
  const log = await fixture.log(name);
  const of = (type: string, key: string) =>
    log
      .filter((event) => event.type === type)
      .map(({ payload }) => (payload as { readonly [key: string]: unknown })[key]);
  return {
    completed: of("step.completed", "step"),
    kept: of("step_note.kept", "name"),
    failed: of("step.failed", "step"),
    results: of("work.completed", "result"),
    failures: of("work.failed", "message"),
  };
}

describe("work", () => {
  test("OB22 each step runs until it is journaled, and never after, through crash and restart", async () => {
    const name = fixture.name();
    const { side } = fixture;
    expect(await fixture.call(name, "begin", "steps", "w1", ["a", "b", "c"])).toBe(true);
    (await side.next("w1/a")).answer("did a");
    const stale = await side.next("w1/b");
    await fixture.crash();
    expect((await fixture.get(`notes/${name}`)).body.work).toEqual({ w1: "steps" });
    (await side.next("w1/b")).answer("did b");
    await side.next("w1/c");
    stale.answer("from an instance that is gone");
    await fixture.restart();
    // Unasked: the lease's alarm wakes the session, at most ten seconds later.
    (await side.next("w1/c")).answer("did c");
    const peer = await fixture.live(name);
    await peer.event(({ type }) => type === "work.completed");
    expect(await journal(name)).toEqual({
      completed: ["a", "b", "c"],
      kept: ["a", "b", "c"],
      failed: [],
      results: [["did a", "did b", "did c"]],
      failures: [],
    });
    expect(side.timesAsked("w1/a")).toBe(1);
    expect(await fixture.call(name, "begin", "steps", "w1", ["a"])).toBe(false);
  });

  test("OB23 a failing step is tried again, each failure an event, and the steps after it go on", async () => {
    const name = fixture.name();
    const { side } = fixture;
    await fixture.call(name, "begin", "steps", "w2", ["a", "b"]);
    (await side.next("w2/a")).fail();
    (await side.next("w2/a")).fail();
    (await side.next("w2/a")).answer(1);
    (await side.next("w2/b")).answer(2);
    const peer = await fixture.live(name);
    await peer.event(({ type }) => type === "work.completed");
    expect(await journal(name)).toMatchObject({
      completed: ["a", "b"],
      failed: ["a", "a"],
      results: [[1, 2]],
    });
  });

  test("OB24 of steps side by side one that fails for good does not stop the others", async () => {
    const name = fixture.name();
    const { side } = fixture;
    await fixture.call(name, "begin", "settle", "w3", ["bad", "good", "late"]);
    (await side.next("w3/bad")).fail();
    (await side.next("w3/good")).answer(1);
    (await side.next("w3/bad")).fail();
    (await side.next("w3/late")).answer(2);
    const peer = await fixture.live(name);
    await peer.event(({ type }) => type === "work.completed");
    expect(await journal(name)).toMatchObject({
      completed: ["good", "late"],
      failed: ["bad", "bad"],
      results: [["rejected", "fulfilled", "fulfilled"]],
    });
  });

  test("OB25 work whose step fails for good fails, says no inner detail, and is not run again", async () => {
    const name = fixture.name();
    const { side } = fixture;
    await fixture.call(name, "begin", "steps", "w4", ["a", "b"]);
    for (let attempt = 0; attempt < 3; attempt++) (await side.next("w4/a")).fail();
    const peer = await fixture.live(name);
    const failed = await peer.event(({ type }) => type === "work.failed");
    expect(JSON.stringify(failed.payload)).not.toContain("side server");
    await fixture.evict(name);
    expect((await fixture.get(`notes/${name}`)).body.work).toEqual({});
    expect(side.timesAsked("w4/a")).toBe(3);
    expect(side.timesAsked("w4/b")).toBe(0);
    const log = await fixture.get(`notes/${name}/log?level=warn`);
    expect(JSON.stringify(log.body.items)).toContain("side server said 500");
  });

  test("OB25 work that the kind does not have fails at once", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    await fixture.call(name, "begin", "toString", "w5", null);
    const failed = await peer.event(({ type }) => type === "work.failed");
    expect(failed.payload).toMatchObject({ workId: "w5" });
  });

  test("OB26 work and timers of a command that fails never start", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    const acks = await peer.do(
      { id: "a", op: "call", method: "beginThenThrow", args: ["w7"] },
      { id: "b", op: "call", method: "begin", args: ["steps", "w6", ["a"]] },
    );
    expect(acks).toMatchObject([{ error: { code: "internal" } }, { result: true }]);
    (await fixture.side.next("w6/a")).answer(1);
    await peer.event(({ type }) => type === "work.completed");
    expect(fixture.side.timesAsked("w7/a")).toBe(0);
    expect(peer.events().map(({ type }) => type)).not.toContain("timer.set");
    expect(await fixture.call(name, "begin", "steps", "w7", [])).toBe(true);
  });
});
