import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { migrate } from "../../kernel/migrations.ts";
import { NodeSql } from "../../node/node-sql.ts";
import type { SubscriptionConfig, WakeAnswer } from "../../protocol/stream-subscription.ts";
import { SubscriptionTable, subscriptionMigrations } from "./subscription-table.ts";
import { type Delivery, Subscriptions, type SubscriptionsOptions, type WakeToken } from "./subscriptions.ts";

const origin = "https://streams.example";
const pull: SubscriptionConfig = {
  type: "pull-wake",
  pattern: "events/*",
  streams: [],
  webhookUrl: null,
  wakeStream: "wakes",
  leaseMs: 10_000,
  description: null,
};
const webhook: SubscriptionConfig = {
  ...pull,
  type: "webhook",
  webhookUrl: "https://worker.example/",
  wakeStream: null,
};

function fixture(limits?: SubscriptionsOptions["limits"]) {
  const sql = new NodeSql(new DatabaseSync(":memory:"));
  migrate(sql, "sessile", subscriptionMigrations, 0);
  const table = new SubscriptionTable(sql);
  let ids = 0;
  const randomId = () => `id-${++ids}`;
  const subscriptions = new Subscriptions({ table, randomId, ...(limits && { limits }) });
  const clock = { now: 1_000_000 };
  const report = (path: string, tail: number | null, identity = "1") =>
    subscriptions.report({ path, standing: tail === null ? null : { identity, tail }, since: 0 }, clock.now);
  const put = (id: string, config: SubscriptionConfig) => subscriptions.put(id, config, origin, clock.now);
  const settleAll = (tail: number) => {
    for (const path of table.unsettled(null, "", 100))
      subscriptions.settle(path, { identity: "1", tail }, clock.now);
  };
  const due = (): Delivery | undefined => subscriptions.takeDue(clock.now, 1)[0];
  const answer = (
    id: string,
    wake: WakeToken,
    said: Partial<WakeAnswer> & Pick<WakeAnswer, "by">,
    token: WakeToken | null = wake,
  ) =>
    subscriptions.answer(
      id,
      token,
      { wakeId: wake.wakeId, generation: wake.generation, acks: [], done: true, ...said },
      clock.now,
    );
  const claim = (id: string, worker = "w") => subscriptions.claim(id, worker, clock.now);
  return { table, subscriptions, clock, report, put, settleAll, due, answer, claim };
}

const code = (expected: string, details: object = {}) =>
  expect.objectContaining({ code: expected, details: expect.objectContaining(details) });

describe("subscriptions", () => {
  test("SB2 the same again confirms, anything else under the id is refused", () => {
    const { put, subscriptions } = fixture();
    expect([put("s", pull), put("s", pull)]).toEqual([true, false]);
    expect(() => put("s", { ...pull, leaseMs: 20_000 })).toThrow(
      code("conflict", { reason: "SUBSCRIPTION_ALREADY_EXISTS" }),
    );
    expect(subscriptions.get("s").config).toEqual(pull);
  });

  test("SB4 what was there before is not told of, what comes is; new streams are told of whole", () => {
    const { put, report, settleAll, claim } = fixture();
    expect(report("events/old", 3)).toBe(false);
    put("s", pull);
    settleAll(5);
    expect(() => claim("s")).toThrow(code("conflict", { reason: "NO_PENDING_WORK" }));
    expect(report("events/old", 6)).toBe(true);
    expect(report("events/new", 2)).toBe(true);
    expect(report("other", 2)).toBe(false);
    expect(claim("s").streams).toEqual([
      { path: "events/new", linkType: "glob", acked: 0, tail: 2 },
      { path: "events/old", linkType: "glob", acked: 5, tail: 6 },
    ]);
  });

  test("SB4 an append while a stream is asked where it ends is not missed", () => {
    const { put, report, subscriptions, clock, claim } = fixture();
    report("events/a", 3);
    put("s", pull);
    report("events/a", 4);
    subscriptions.settle("events/a", { identity: "1", tail: 3 }, clock.now);
    expect(claim("s").streams).toMatchObject([{ acked: 3, tail: 4 }]);
  });

  test("SB4 a stream that is gone has no links, and one made anew under its name is another", () => {
    const { put, report, subscriptions, settleAll } = fixture();
    put("s", { ...pull, streams: ["manual"] });
    settleAll(0);
    report("events/a", 7);
    report("manual", 1);
    expect(report("manual", null)).toBe(false);
    expect(report("manual", 1, "2")).toBe(false);
    report("events/a", 2, "2");
    expect(subscriptions.get("s").streams).toEqual([
      { path: "events/a", linkType: "glob", acked: 0, tail: 2 },
    ]);
  });

  test("SB4 taking a name back leaves what the pattern covers", () => {
    const { put, report, subscriptions, settleAll } = fixture();
    put("s", { ...pull, streams: ["events/a", "manual"] });
    settleAll(0);
    report("events/a", 1);
    const types = () => subscriptions.get("s").streams.map(({ path, linkType }) => [path, linkType]);
    expect(types()).toEqual([
      ["events/a", "explicit"],
      ["manual", "explicit"],
    ]);
    for (const path of ["events/a", "manual", "never"]) subscriptions.unlink("s", path);
    expect(types()).toEqual([["events/a", "glob"]]);
  });

  test("SB5 one wake at a time, and what comes meanwhile is the next one's", () => {
    const { put, report, due, subscriptions, clock } = fixture();
    put("s", webhook);
    report("events/a", 1);
    const first = due();
    report("events/a", 2);
    report("events/b", 1);
    expect([first?.generation, due()]).toEqual([1, undefined]);
    if (first) subscriptions.finish(first, "done", clock.now, 0.5);
    const second = due();
    expect(second).toMatchObject({
      generation: 2,
      streams: [
        { path: "events/a", acked: 1, tail: 2 },
        { path: "events/b", acked: 0, tail: 1 },
      ],
    });
    expect(second?.wakeId).not.toBe(first?.wakeId);
  });

  test("SB6 a lease that runs out frees its wake, and not a moment before", () => {
    const { put, report, claim, answer, clock, subscriptions, table } = fixture();
    put("s", pull);
    report("events/a", 1);
    const first = claim("s", "ada");
    clock.now += 9_999;
    expect(() => claim("s", "bob")).toThrow(
      code("conflict", { reason: "ALREADY_CLAIMED", current: "ada", currentVersion: 1 }),
    );
    answer("s", first, { by: "ack", done: false });
    expect(table.nextDue()).toBe(clock.now + 10_000);
    clock.now += 9_999;
    expect(() => claim("s", "bob")).toThrow(code("conflict", { reason: "ALREADY_CLAIMED" }));
    clock.now += 1;
    // No alarm has rung: whoever asks sees the time.
    expect(() => answer("s", first, { by: "ack" })).toThrow(code("fenced", { currentVersion: 2 }));
    subscriptions.expire(clock.now);
    expect(claim("s", "bob")).toMatchObject({ generation: 2, streams: [{ acked: 0, tail: 1 }] });
  });

  test("SB6 a webhook's lease begins with its delivery and grows with each callback", () => {
    const { put, report, due, subscriptions, clock, answer, table } = fixture();
    put("s", webhook);
    report("events/a", 1);
    const first = due() as Delivery;
    clock.now += 2_000;
    subscriptions.finish(first, "accepted", clock.now, 0.5);
    expect(table.nextDue()).toBe(clock.now - 2_000 + 10_000);
    clock.now += 5_000;
    expect(answer("s", first, { by: "callback", done: false })).toBe(false);
    expect(table.nextDue()).toBe(clock.now + 10_000);
    clock.now += 10_000;
    subscriptions.expire(clock.now);
    expect(due()).toMatchObject({ generation: 2 });
  });

  test("SB6 a worker gives a wake back, and it is told of again", () => {
    const { put, report, claim, answer, due } = fixture();
    put("s", pull);
    report("events/a", 1);
    const first = claim("s");
    expect(answer("s", first, { by: "release", done: false })).toBe(true);
    expect(due()).toMatchObject({ generation: 2, trigger: "events/a" });
    expect(() => answer("s", first, { by: "release" })).toThrow(code("fenced"));
  });

  test("SB7 only the current wake's own token, id and generation move a cursor", () => {
    const { put, report, claim, answer, subscriptions } = fixture();
    put("s", pull);
    report("events/a", 2);
    const first = claim("s");
    const acks = [{ stream: "events/a", offset: 1 }];
    for (const said of [{ wakeId: "id-9" }, { generation: 2 }, { generation: 0 }])
      expect(() => answer("s", first, { by: "ack", acks, ...said })).toThrow(
        code("fenced", { reason: "FENCED" }),
      );
    for (const token of [
      { ...first, generation: 9 },
      { ...first, wakeId: "id-9" },
    ])
      expect(() => answer("s", first, { by: "ack", acks }, token)).toThrow(code("fenced"));
    for (const token of [null, { ...first, incarnation: "id-9" }])
      expect(() => answer("s", first, { by: "ack", acks }, token)).toThrow(
        code("unauthenticated", { reason: "TOKEN_INVALID" }),
      );
    expect(() => answer("s", first, { by: "callback", acks })).toThrow(code("bad_request"));
    expect(subscriptions.get("s").streams[0]?.acked).toBe(0);
    expect(answer("s", first, { by: "ack", acks })).toBe(true);
    expect(() => answer("s", first, { by: "ack", acks })).toThrow(code("fenced"));
    expect(subscriptions.get("s").streams[0]?.acked).toBe(1);
  });

  test("SB7 a token outlives neither its subscription nor another of the same id", () => {
    const { put, report, claim, answer, subscriptions } = fixture();
    put("s", pull);
    report("events/a", 1);
    const first = claim("s");
    subscriptions.remove("s");
    expect(() => answer("s", first, { by: "ack" })).toThrow(code("not_found"));
    put("s", pull);
    expect(() => answer("s", first, { by: "ack" })).toThrow(code("unauthenticated"));
  });

  test("SB8 acks lie between what was acknowledged and the end, and count all or none", () => {
    const { put, report, claim, answer, subscriptions } = fixture();
    put("s", pull);
    report("events/a", 5);
    report("events/b", 5);
    const wake = claim("s");
    const good = { stream: "events/a", offset: 3 };
    expect(answer("s", wake, { by: "ack", done: false, acks: [good] })).toBe(false);
    for (const bad of [
      { stream: "events/a", offset: 2 },
      { stream: "events/a", offset: 6 },
      { stream: "events/c", offset: 1 },
    ])
      expect(() => answer("s", wake, { by: "ack", acks: [{ stream: "events/b", offset: 4 }, bad] })).toThrow(
        code("conflict", { reason: "INVALID_OFFSET", current: bad.stream }),
      );
    expect(subscriptions.get("s").streams.map(({ acked }) => acked)).toEqual([3, 0]);
  });

  test("SB9 a delivery that fails is the same wake again, after 1 s and up to 60 s, give or take a fifth", () => {
    const { put, report, due, subscriptions, clock, table } = fixture();
    put("s", webhook);
    report("events/a", 1);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      const delivery = due() as Delivery;
      expect(delivery.generation).toBe(1);
      subscriptions.finish(delivery, "failed", clock.now, attempt === 0 ? 0 : attempt === 1 ? 1 : 0.5);
      expect(subscriptions.get("s").failed).toBe(true);
      waits.push((table.nextDue() ?? 0) - clock.now);
      expect(due()).toBeUndefined();
      clock.now = table.nextDue() ?? 0;
    }
    expect(waits).toEqual([800, 2400, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    subscriptions.finish(due() as Delivery, "done", clock.now, 0.5);
    expect(subscriptions.get("s")).toMatchObject({ failed: false, streams: [{ acked: 1 }] });
    expect(table.nextDue()).toBeNull();
  });

  test("SB9 an answer that comes too late changes nothing", () => {
    const { put, report, due, subscriptions, clock, answer } = fixture();
    put("s", webhook);
    report("events/a", 1);
    const first = due() as Delivery;
    answer("s", first, { by: "callback", acks: [{ stream: "events/a", offset: 1 }] });
    report("events/a", 2);
    for (const outcome of ["failed", "accepted", "done"] as const)
      subscriptions.finish(first, outcome, clock.now, 0.5);
    expect(subscriptions.get("s")).toMatchObject({ failed: false, streams: [{ acked: 1, tail: 2 }] });
    expect(due()).toMatchObject({ generation: 2 });
  });

  test("SB10 a delivery that a crash cut off is due at once, or when its time is over", () => {
    const { put, report, due, clock, table } = fixture();
    put("s", webhook);
    report("events/a", 1);
    const first = due();
    expect(due()).toBeUndefined();
    table.forgetFlights(clock.now);
    expect(due()?.wakeId).toBe(first?.wakeId);
    clock.now = table.nextDue() ?? 0;
    expect(due()?.wakeId).toBe(first?.wakeId);
  });

  test("SB13 a subscription's own wakes wake nobody", () => {
    const { put, report, settleAll, subscriptions } = fixture();
    put("s", { ...pull, pattern: "**" });
    expect(report("wakes", 1)).toBe(false);
    expect(() => subscriptions.link("s", ["wakes"])).toThrow(code("bad_request", { field: "streams" }));
    settleAll(0);
    expect(subscriptions.get("s").streams).toEqual([]);
  });

  test("SB13 a wake whose streams are all gone is not delivered", () => {
    const { put, report, due, table } = fixture();
    put("s", pull);
    report("events/a", 1);
    report("events/a", null);
    expect([due(), table.nextDue()]).toEqual([undefined, null]);
  });

  test("SB14 bounds are refused by name; streams beyond them are not linked, and a wake tells of some at a time", () => {
    const { put, report, subscriptions, claim, answer } = fixture({
      maxSubscriptions: 2,
      maxSubscribedStreams: 3,
      maxStreamsPerWake: 2,
    });
    put("s", pull);
    put("t", { ...pull, pattern: "t/*" });
    expect(() => put("u", pull)).toThrow(code("limit_exceeded", { limit: "maxSubscriptions" }));
    for (let n = 0; n < 5; n++) report(`events/${n}`, 1);
    expect(subscriptions.get("s").streams).toHaveLength(3);
    expect(() => subscriptions.link("s", ["a"])).toThrow(
      code("limit_exceeded", { limit: "maxSubscribedStreams" }),
    );
    expect(subscriptions.get("s").streams).toHaveLength(3);
    const first = claim("s");
    expect(first.streams.map(({ path }) => path)).toEqual(["events/0", "events/1"]);
    const acks = first.streams.map(({ path, tail }) => ({ stream: path, offset: tail }));
    expect(answer("s", first, { by: "ack", acks })).toBe(true);
    expect(claim("s").streams[0]).toMatchObject({ path: "events/2", acked: 0 });
    subscriptions.remove("t");
    expect(() => put("u", { ...pull, pattern: "**" })).toThrow(
      code("limit_exceeded", { limit: "maxSubscribedStreams" }),
    );
    expect(() => subscriptions.get("u")).toThrow(code("not_found"));
  });
});
