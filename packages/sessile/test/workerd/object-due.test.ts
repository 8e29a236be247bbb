import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

describe("timers", () => {
  test("OB15 many timers share the one alarm: each fires once, in the order they are due", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    const now = Date.now();
    const inMs = [320, 40, 200, 40, 120, 280, 80, 160, 240, 360];
    await peer.do(
      ...inMs.map((ms, n) => ({
        id: `t.0.${n}`,
        op: "call",
        method: "remind",
        args: [`t${n}`, now + ms, { ms }],
      })),
    );
    await fixture.call(name, "remind", "far", now + 3_600_000, null);
    await fixture.call(name, "remind", "moved", now + 3_600_000, { ms: 400 });
    await fixture.call(name, "remind", "moved", now + 400, { ms: 400 });
    // Set and forgotten in one commit: no alarm can come between.
    const [, forgotten] = await peer.do(
      { id: "f1", op: "call", method: "remind", args: ["forgotten", now + 300, { ms: 300 }] },
      { id: "f2", op: "call", method: "forget", args: ["forgotten"] },
    );
    expect(forgotten).toMatchObject({ result: true });
    expect(await fixture.call(name, "forget", "forgotten")).toBe(false);
    await peer.event(({ type, payload }) => type === "timer.fired" && idOf(payload) === "moved");
    const events = peer.events();
    const rang = events.filter(({ type }) => type === "reminder.rang");
    expect(rang.map(({ payload }) => (payload as { input: { ms: number } }).input.ms)).toEqual(
      [...inMs, 400].sort((one, other) => one - other),
    );
    const fired = events.filter(({ type }) => type === "timer.fired").map(({ payload }) => idOf(payload));
    expect([...fired].sort()).toEqual([...inMs.map((_, n) => `t${n}`), "moved"].sort());
  });

  test("OB16 a timer whose handler fails is tried again, later each time, and keeps no other timer waiting", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    await fixture.call(name, "remind", "bad", Date.now() + 50, "stubborn");
    await fixture.call(name, "remind", "good", Date.now() + 60, null);
    (await fixture.side.next("timer/stubborn")).fail();
    const failedAt = Date.now();
    await peer.event(({ type, payload }) => type === "timer.fired" && idOf(payload) === "good");
    const second = await fixture.side.next("timer/stubborn");
    expect(Date.now() - failedAt).toBeGreaterThan(1500);
    second.answer("at last");
    await peer.event(({ type, payload }) => type === "timer.fired" && idOf(payload) === "bad");
    expect(peer.events().filter(({ type }) => type === "reminder.rang")).toHaveLength(2);
    const { body } = await fixture.get(`notes/${name}/log?level=error`);
    expect(JSON.stringify(body.items)).toContain("Timer reminder failed");
  });

  test("OB16 a timer whose handler hangs keeps no other due work waiting, and fires when it ends", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    await fixture.call(name, "remind", "hung", Date.now() + 50, "hangs");
    await fixture.call(name, "remind", "other", Date.now() + 60, null);
    const hanging = await fixture.side.next("timer/hangs");
    await peer.event(({ type, payload }) => type === "timer.fired" && idOf(payload) === "other");
    hanging.answer("at last");
    await peer.event(({ type, payload }) => type === "timer.fired" && idOf(payload) === "hung");
    expect(fixture.side.timesAsked("timer/hangs")).toBe(1);
  });

  test("OB17 a timer that came due while nobody served fires after the restart, unasked", async () => {
    const name = fixture.name();
    const dueAt = Date.now() + 1000;
    await fixture.call(name, "remind", "overdue", dueAt, "asleep");
    await fixture.restart(async () => {
      const left = dueAt + 50 - Date.now();
      // Nothing runs that could tell of this moment: it is the time itself that has to pass.
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    });
    (await fixture.side.next("timer/asleep")).answer(null);
    const peer = await fixture.live(name);
    await peer.event(({ type }) => type === "timer.fired");
    expect(fixture.side.timesAsked("timer/asleep")).toBe(1);
  });
});

describe("gates", () => {
  test("OB18 of two who answer at once one is heard, and the other learns what was answered", async () => {
    for (let round = 0; round < 5; round++) {
      const name = fixture.name();
      const [ann, ben] = await Promise.all(
        ["ann", "ben"].map((user) => fixture.live(name, { headers: { "x-test-user": user } })),
      );
      if (!ann || !ben) throw new Error("no peers");
      await fixture.call(name, "ask", "g", null);
      const answers = await Promise.all([
        ann.do({ id: "ann-1", op: "answerGate", gateId: "g", answer: "approve" }),
        ben.do({ id: "ben-1", op: "answerGate", gateId: "g", answer: "reject" }),
      ]);
      const lost = answers.flat().filter((ack) => "error" in ack);
      expect(lost).toHaveLength(1);
      const log = await fixture.log(name);
      const answered = log.filter(({ type }) => type === "gate.answered");
      expect(answered).toHaveLength(1);
      const [{ payload, actor } = { payload: null, actor: null }] = answered;
      const winner = (payload as { answer: string }).answer;
      expect(actor?.id).toBe(winner === "approve" ? "ann" : "ben");
      expect(lost[0]).toMatchObject({ error: { code: "gate_closed", current: winner } });
      expect(log.filter(({ type }) => type === "decision.made")).toHaveLength(1);
    }
  });

  test("OB19 what a gate's answer leads to is in the commit that answers it", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    await fixture.call(name, "ask", "g", null);
    await peer.do({ id: "a", op: "answerGate", gateId: "g", answer: "approve", comment: "fine" });
    const commit = peer.commits().find(({ events }) => events.some(({ type }) => type === "gate.answered"));
    expect(commit?.events.map(({ type }) => type)).toEqual(["gate.answered", "decision.made"]);
    const { body } = await fixture.get(`notes/${name}/gates`);
    expect(body.items).toMatchObject([
      { gateId: "g", outcome: { status: "answered", answer: "approve", comment: "fine" } },
    ]);
  });

  test("OB20 a gate nobody answers expires, which is no answer, and cannot be answered any more", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    await fixture.call(name, "ask", "short", Date.now() + 250);
    await fixture.evict(name);
    await peer.event(({ type }) => type === "gate.expired");
    const late = await fixture.ask("POST", `notes/${name}/gates/short`, { body: { answer: "approve" } });
    expect(late).toMatchObject({ status: 409, body: { code: "gate_closed", current: null } });
    const log = await fixture.log(name);
    expect(log.map(({ type }) => type)).not.toContain("gate.answered");
    expect(log.at(-1)).toMatchObject({
      type: "decision.made",
      payload: { gateId: "short", outcome: { status: "expired" } },
    });
    expect((await fixture.get(`notes/${name}`)).body.gates).toEqual({});
  });

  test("OB21 an answer that is not among the options is refused and the gate waits on", async () => {
    const name = fixture.name();
    await fixture.call(name, "ask", "g", null, ["yes", "no"]);
    expect(await fixture.call(name, "ask", "g", null, ["other"])).toBe("g");
    const path = `notes/${name}/gates`;
    const wrong = await fixture.ask("POST", `${path}/g`, { body: { answer: "approve" } });
    expect(wrong).toMatchObject({ status: 400, body: { code: "bad_request", field: "answer" } });
    expect((await fixture.ask("POST", `${path}/none`, { body: { answer: "yes" } })).status).toBe(404);
    expect((await fixture.get(path)).body.items).toMatchObject([
      { gateId: "g", options: ["yes", "no"], outcome: null },
    ]);
    expect((await fixture.ask("POST", `${path}/g`, { body: { answer: "yes" } })).status).toBe(200);
  });
});

function idOf(payload: unknown): string {
  return (payload as { readonly timerId: string }).timerId;
}
