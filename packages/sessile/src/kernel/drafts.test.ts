import { expect, test } from "vitest";
import type { AccessChange } from "../protocol/access.ts";
import type { Command, Outcome } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import { ada, bob, KernelFixture } from "../testing/kernel-fixture.ts";

const save = (text: string, draftId?: string) => ({
  op: "saveDraft" as const,
  type: "message",
  payload: { text },
  ...(draftId === undefined ? {} : { draftId }),
});
const send = (draftId: string): Command => ({ op: "sendDraft", draftId });
const cancel = (draftId: string): Command => ({ op: "cancelDraft", draftId });
const errorOf = (outcome: Outcome) => (outcome.ok ? null : outcome.error);

test("DR1 there is one draft at most: its author replaces it, another author is refused, nobody has none", () => {
  const { one, kernel } = bound(new KernelFixture());
  expect(one(save("a", "d1"))).toMatchObject({ ok: true, result: { draftId: "d1" } });
  expect(errorOf(one(save("b", "d2"), bob))).toMatchObject({ code: "conflict" });
  expect(errorOf(one(save("c", "d3"), null))).toMatchObject({ code: "unauthenticated" });
  expect(kernel.drafts.of("ada")).toMatchObject({ draftId: "d1", payload: { text: "a" } });
  expect(one(save("a2"))).toMatchObject({ ok: true, result: { draftId: "d1" } });
  expect(one(save("a3", "d4"))).toMatchObject({ ok: true });
  expect(kernel.drafts.of("ada")).toMatchObject({ draftId: "d4", payload: { text: "a3" } });
  expect(errorOf(one(send("d1")))).toMatchObject({ code: "not_found" });
  expect(errorOf(one({ ...save("x"), id: "p.0.1", draftId: "p.0.2" }))).toMatchObject({
    code: "bad_request",
  });
});

test("DR2 a draft survives a wake, also one longer than a row, and nobody else is shown it", () => {
  const fixture = new KernelFixture({ limits: { ...new KernelFixture().kind.limits, maxRowBytes: 300 } });
  const text = "é😀".repeat(200);
  fixture.one(save(text, "d1"));
  const kernel = fixture.wake();
  expect(kernel.drafts.of("ada")).toEqual({
    draftId: "d1",
    type: "message",
    payload: { text },
    savedAt: fixture.now,
  });
  expect(kernel.drafts.of("bob")).toBeNull();
  expect(kernel.drafts.of(undefined)).toBeNull();
  expect(fixture.one(cancel("d1"))).toMatchObject({ ok: true });
  expect(fixture.sql.exec("SELECT * FROM _sessile_continuation WHERE owner = 'draft'")).toEqual([]);
});

test("DR3 saving touches neither log nor view, and a refused commit leaves the draft as it was", () => {
  const fixture = new KernelFixture();
  const before = fixture.kernel.view;
  const saved = fixture.one(save("a", "d1"));
  expect(saved).toMatchObject({ ok: true, seq: before.lastSeq });
  expect(fixture.kernel.view).toBe(before);
  const [first, second] = fixture.send([save("b", "d1"), { op: "setStatus", to: "nowhere" }]).outcomes;
  expect([first?.ok, second?.ok]).toEqual([true, false]);
  expect(fixture.kernel.drafts.of("ada")).toMatchObject({ payload: { text: "b" } });
  expect(() =>
    fixture.kernel.write(ada, fixture.now, (writer) => {
      writer.saveDraft({ draftId: "d1", type: "message", payload: "lost" });
      expect(fixture.kernel.drafts.of("ada")).toMatchObject({ payload: "lost" });
      throw new Error("changed its mind");
    }),
  ).toThrow("changed its mind");
  expect(fixture.kernel.drafts.of("ada")).toMatchObject({ payload: { text: "b" } });
});

test("DR4 cancelling logs the id and nothing of the content; repeating it answers the same", () => {
  const fixture = new KernelFixture();
  fixture.one(save("secret", "d1"));
  const cancelled = fixture.one(cancel("d1"));
  expect(cancelled).toMatchObject({ ok: true, seq: 3, repeated: false });
  expect(fixture.events(2)).toMatchObject([
    { type: "draft.cancelled", actor: ada, clientEventId: "d1", payload: { draftId: "d1" } },
  ]);
  expect(JSON.stringify(fixture.events())).not.toContain("secret");
  expect(fixture.kernel.drafts.get()).toBeNull();
  expect(fixture.one({ ...cancel("d1"), id: "p.0.1" })).toMatchObject({ ok: true, seq: 3, repeated: true });
});

test("DR5 sending appends the ordinary event once, under the draft's id, and clears it in the same commit", () => {
  const fixture = new KernelFixture();
  fixture.one(save("hi", "d1"));
  expect(fixture.one({ ...send("d1"), id: "p.0.1" })).toMatchObject({ ok: true, seq: 3, repeated: false });
  expect(fixture.events(2)).toMatchObject([
    { seq: 3, type: "message", actor: ada, clientEventId: "d1", payload: { text: "hi" } },
  ]);
  expect(fixture.kernel.drafts.get()).toBeNull();
  fixture.wake();
  expect(fixture.one({ ...send("d1"), id: "p.0.1" })).toMatchObject({ ok: true, seq: 3, repeated: true });
  expect(errorOf(fixture.one(send("d1"), bob))).toMatchObject({ code: "fenced" });
  expect(fixture.kernel.view.lastSeq).toBe(3);
});

test.each([
  ["send", "cancel"],
  ["cancel", "send"],
] as const)(
  "DR6 of %s and %s the first wins, in one commit or two, and the loser learns it",
  (first, second) => {
    const ends = { send: send("d1"), cancel: cancel("d1") };
    for (const together of [true, false]) {
      const fixture = new KernelFixture();
      fixture.one(save("hi", "d1"));
      const outcomes = together
        ? fixture.send([ends[first], ends[second]]).outcomes
        : [fixture.one(ends[first]), fixture.one(ends[second])];
      expect(outcomes[0]).toMatchObject({ ok: true });
      expect(outcomes[1] && errorOf(outcomes[1])).toMatchObject({
        code: "conflict",
        details: { current: first === "send" ? "sent" : "cancelled", currentVersion: 3 },
      });
      expect(fixture.kernel.view.lastSeq).toBe(3);
      // A save that arrives late, or again, does not bring it back.
      expect(errorOf(fixture.one(save("hi", "d1")))).toMatchObject({ code: "conflict" });
      expect(fixture.kernel.drafts.get()).toBeNull();
    }
  },
);

test("DR7 what may not be appended may not be drafted; the kind's own check is asked when it is sent", () => {
  const fixture = new KernelFixture({
    clientWrites: { state: false, status: true, events: ["message"] },
    validateEvent: (_type, payload) => {
      if (JSON.stringify(payload).includes("half")) throw new SessileError("rejected", "Not finished.");
    },
  });
  expect(errorOf(fixture.one({ ...save("x", "d1"), type: "note" } as Command))).toMatchObject({
    code: "forbidden",
  });
  expect(errorOf(fixture.one(save("x".repeat(1024 * 1024 + 1), "d1")))).toMatchObject({
    code: "limit_exceeded",
  });
  expect(fixture.one(save("half", "d1"))).toMatchObject({ ok: true });
  expect(errorOf(fixture.one(send("d1")))).toMatchObject({ code: "rejected" });
  expect(fixture.kernel.drafts.get()).toMatchObject({ payload: { text: "half" } });
  fixture.one(save("whole"));
  expect(fixture.one(send("d1"))).toMatchObject({ ok: true });
});

test("DR8 a paused session takes no draft, and a terminated one drops it without a word of it", () => {
  const fixture = new KernelFixture();
  fixture.one(save("secret", "d1"));
  fixture.one({ op: "setLifecycle", to: "paused" });
  for (const command of [save("b"), send("d1"), cancel("d1")])
    expect(errorOf(fixture.one(command))).toMatchObject({ code: "not_writable" });
  expect(fixture.kernel.drafts.get()).not.toBeNull();
  fixture.one({ op: "setLifecycle", to: "terminated" });
  expect(fixture.kernel.drafts.get()).toBeNull();
  expect(fixture.rows("_sessile_draft")).toBe(0);
  expect(JSON.stringify(fixture.events())).not.toContain("draft");
});

test("DR14 the draft of who may write no longer goes, also when the session was given away, and others may save", () => {
  const rights = ["read", "write"] as const;
  for (const change of [{ members: { ada: ["read"] as const } }, { ownerId: "cleo" }]) {
    const isOwner = "ownerId" in change;
    const fixture = new KernelFixture({ access: "owned" });
    const setAccess = (access: AccessChange) =>
      fixture.kernel.write(null, fixture.now, (writer) => writer.setAccess(access));
    setAccess({ ownerId: isOwner ? "ada" : "cleo", members: { ada: rights, bob: rights } });
    fixture.one(save("a", "d1"));
    setAccess({ members: { dora: rights } });
    expect(errorOf(fixture.one(save("b", "d2"), bob))).toMatchObject({ code: "conflict" });
    const { lastSeq } = fixture.kernel.view;
    setAccess(change);
    expect(fixture.events(lastSeq).map(({ type }) => type)).toEqual(["session.access_changed"]);
    expect(fixture.rows("_sessile_draft")).toBe(0);
    expect(fixture.one(save("b", "d2"), bob)).toMatchObject({ ok: true });
  }
});

/** Methods that may be taken apart. */
function bound(fixture: KernelFixture) {
  return { one: fixture.one.bind(fixture), kernel: fixture.kernel };
}
