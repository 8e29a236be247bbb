import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { NodeSql } from "../../node/node-sql.ts";
import type { StreamReport, StreamStanding } from "../../protocol/stream-subscription.ts";
import { StreamFeed } from "./stream-feed.ts";
import { streamLifeMigrations } from "./stream-life-table.ts";

/** A stream whose subscriptions answer as the test says; `wake` forgets what an eviction or a crash forgets. */
function fixture() {
  const sql = new NodeSql(new DatabaseSync(":memory:"));
  for (const { up } of streamLifeMigrations) up(sql);
  const world = {
    now: 1_000_000,
    shown: false,
    standing: null as StreamStanding | null,
    timer: null as number | null,
    reports: [] as StreamReport[],
    failures: 0,
    answer: async (_report: StreamReport): Promise<{ linked: boolean }> => ({ linked: true }),
  };
  const wake = () =>
    new StreamFeed({
      path: "events/a",
      sql,
      now: () => world.now,
      isShown: () => world.shown,
      standing: async () => world.standing,
      report: (report) => {
        world.reports.push(report);
        return world.answer(report);
      },
      setTimer: (dueAt) => {
        world.timer = dueAt;
      },
      cancelTimer: () => {
        world.timer = null;
      },
      failed: () => {
        world.failures += 1;
      },
    });
  const append = async (feed: StreamFeed, tail: number) => {
    await feed.before();
    world.shown = true;
    world.standing = { identity: "1", tail };
    return feed.changed();
  };
  const create = (feed: StreamFeed, tail = 0) => {
    world.shown = true;
    return append(feed, tail);
  };
  return { world, wake, append, create };
}

const never = () => new Promise<never>(() => undefined);

test("SB10 what was appended before a crash is told after it", async () => {
  const { world, wake, append, create } = fixture();
  const feed = wake();
  await create(feed);
  world.answer = never;
  void append(feed, 1);
  await expect.poll(() => world.reports.length).toBe(2);
  expect(world.timer).toBeGreaterThan(world.now);
  world.answer = async () => ({ linked: true });
  await wake().onTimer();
  expect(world.reports.at(-1)).toEqual({
    path: "events/a",
    since: 0,
    standing: { identity: "1", tail: 1 },
  });
});

test("SB10 a stream's making is told after a crash, and its end too", async () => {
  const { world, wake, create } = fixture();
  world.answer = never;
  void create(wake(), 3);
  await expect.poll(() => world.reports.length).toBe(1);
  world.answer = async () => ({ linked: false });
  const second = wake();
  await second.onTimer();
  expect(world.reports.at(-1)).toMatchObject({ since: 0, standing: { tail: 3 } });
  expect(world.timer).toBeNull();
  await second.ending();
  expect(world.timer).not.toBeNull();
  world.standing = null;
  world.shown = false;
  await wake().onTimer();
  expect(world.reports.at(-1)).toMatchObject({ standing: null });
  expect(world.timer).toBeNull();
});

test("SB10 a report that failed is made again", async () => {
  const { world, wake, create } = fixture();
  world.answer = () => Promise.reject(new Error("away"));
  const feed = wake();
  await create(feed);
  expect(world.failures).toBe(1);
  world.timer = null;
  await feed.onTimer();
  expect([world.failures, world.timer === null]).toEqual([2, false]);
  world.answer = async () => ({ linked: true });
  await feed.onTimer();
  expect([world.reports.length, world.failures]).toEqual([3, 2]);
});

test("SB11 a stream that no subscription is linked to reports its making and its end, and sets no timer", async () => {
  const { world, wake, append, create } = fixture();
  world.answer = async () => ({ linked: false });
  const feed = wake();
  await create(feed);
  for (let tail = 1; tail < 5; tail++) await append(feed, tail);
  await append(wake(), 5);
  expect([world.reports.length, world.timer]).toEqual([1, null]);
  await feed.ending();
  world.standing = null;
  world.shown = false;
  await feed.changed();
  expect(world.reports).toHaveLength(2);
});

test("SB11 one report stands for all that came while another was under way", async () => {
  const { world, wake, append, create } = fixture();
  const feed = wake();
  await create(feed);
  const gate = Promise.withResolvers<{ linked: boolean }>();
  world.answer = () => gate.promise;
  const appended = [append(feed, 1)];
  await expect.poll(() => world.reports.length).toBe(2);
  for (let tail = 2; tail < 10; tail++) appended.push(append(feed, tail));
  world.answer = async () => ({ linked: true });
  gate.resolve({ linked: true });
  await Promise.all(appended);
  expect(world.reports.map(({ standing }) => standing?.tail)).toEqual([0, 1, 9]);
});

test("SB11 whoever subscribes while a report is under way is not forgotten", async () => {
  const { world, wake, append, create } = fixture();
  const feed = wake();
  const gate = Promise.withResolvers<{ linked: boolean }>();
  world.answer = () => gate.promise;
  const created = create(feed, 2);
  await expect.poll(() => world.reports.length).toBe(1);
  expect(await feed.subscribe()).toEqual({ identity: "1", tail: 2 });
  gate.resolve({ linked: false });
  await created;
  await append(feed, 3);
  expect(world.reports.at(-1)).toMatchObject({ standing: { tail: 3 } });
});

test("SB11 a stream the protocol does not show tells nothing, and asking for none leaves no trace", async () => {
  const { world, wake } = fixture();
  const feed = wake();
  await feed.before();
  await feed.changed();
  await feed.ending();
  expect(await feed.subscribe()).toBeNull();
  expect([world.reports, world.timer]).toEqual([[], null]);
});

test("SB4 a stream older than the subscriptions is told of from where it was before the append", async () => {
  const { world, wake, append } = fixture();
  world.shown = true;
  world.standing = { identity: "1", tail: 7 };
  await append(wake(), 8);
  expect(world.reports).toEqual([{ path: "events/a", since: 7, standing: { identity: "1", tail: 8 } }]);
});

test("SB4 a stream deleted and made anew while that is told is told of as the new one", async () => {
  const { world, wake, create } = fixture();
  const feed = wake();
  await create(feed, 5);
  const gate = Promise.withResolvers<{ linked: boolean }>();
  world.answer = () => gate.promise;
  await feed.ending();
  world.standing = null;
  world.shown = false;
  const gone = feed.changed();
  await expect.poll(() => world.reports.length).toBe(2);
  world.shown = true;
  await feed.before();
  world.standing = { identity: "2", tail: 1 };
  const made = feed.changed();
  world.answer = async () => ({ linked: true });
  gate.resolve({ linked: false });
  await Promise.all([gone, made]);
  expect(world.reports.at(-1)).toEqual({ path: "events/a", since: 0, standing: { identity: "2", tail: 1 } });
});

test("SB11 an end that begins while a report is under way is told all the same", async () => {
  const { world, wake, append, create } = fixture();
  const feed = wake();
  await create(feed);
  const gate = Promise.withResolvers<{ linked: boolean }>();
  world.answer = () => gate.promise;
  const appended = append(feed, 1);
  await expect.poll(() => world.reports.length).toBe(2);
  await feed.ending();
  gate.resolve({ linked: false });
  await appended;
  expect(world.timer).not.toBeNull();
  world.standing = null;
  world.shown = false;
  await feed.changed();
  expect(world.reports.at(-1)).toMatchObject({ standing: null });
});
