import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { foldCommit, type SessionView } from "../../src/protocol/index.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture?.stop());

const write = async (name: string, count: number) => {
  for (let n = 0; n < count; n++)
    await fixture.ask("POST", `diary/${name}/call/write`, { body: [`page ${n}`] });
};
const snapshotsOf = async (name: string, query = "") =>
  (await fixture.get(`diary/${name}/snapshots${query}`)).body;
const lastSeqOf = async (name: string) => (await fixture.get(`diary/${name}`)).body.lastSeq as number;

describe("sealing", () => {
  test("SN1 a range is sealed once it has its events, after the commit that brought them", async () => {
    const name = fixture.name();
    await write(name, 3);
    expect((await snapshotsOf(name)).items).toEqual([]);
    await write(name, 1);
    expect((await snapshotsOf(name)).items).toMatchObject([{ baseSnapshotId: null, fromSeq: 1, toSeq: 10 }]);
    const log = await fixture.log(name, "diary");
    expect(log.at(-1)).toMatchObject({
      seq: 11,
      type: "snapshot.sealed",
      actor: null,
      payload: { toSeq: 10 },
    });
  });

  test("SN1 a range that stays short is sealed when its time is up, also after an eviction; a session at rest is not sealed again", async () => {
    const name = fixture.name();
    await write(name, 1);
    await fixture.evict(name, "Diary");
    await until(async () => (await snapshotsOf(name)).items.length > 0);
    expect((await snapshotsOf(name)).items).toMatchObject([{ fromSeq: 1, toSeq: 4 }]);
    const before = await lastSeqOf(name);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await lastSeqOf(name)).toBe(before);
  });

  test("SN1 a burst is sealed at most once a second, as one longer range", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name, { kind: "diary" });
    const command = (n: number) => ({ op: "append", id: `p.1.${n}`, type: "page.torn", payload: n });
    for (let n = 0; n < 20; n++)
      peer.send({ t: "do", commands: Array.from({ length: 50 }, (_, m) => command(n * 50 + m)) });
    await until(async () => {
      const { items } = await snapshotsOf(name);
      return items[0]?.toSeq + 1 === (await lastSeqOf(name)) && (await lastSeqOf(name)) > 1000;
    });
    const { items } = await snapshotsOf(name, "?limit=100");
    expect(items.length).toBeLessThan(10);
  });

  test("SN8 snapshots are listed newest first in pages that join to the chain", async () => {
    const name = fixture.name();
    for (let n = 0; n < 5; n++) {
      await write(name, 1);
      await fixture.ask("POST", `diary/${name}/snapshots`);
    }
    const all = (await snapshotsOf(name, "?limit=100")).items;
    const joined = [];
    for (let cursor = ""; ; ) {
      const page = await snapshotsOf(name, `?limit=2${cursor}`);
      joined.push(...page.items);
      if (!page.hasMore) break;
      cursor = `&cursor=${page.nextCursor}`;
    }
    expect(joined).toEqual(all);
    for (const [index, item] of all.slice(0, -1).entries()) {
      expect(item).toMatchObject({
        baseSnapshotId: all[index + 1].snapshotId,
        fromSeq: all[index + 1].toSeq + 1,
      });
    }
  });

  test("SN8 sealing on demand needs admin, answers 201, and 200 with the last one when nothing is left to seal", async () => {
    const name = fixture.name();
    await write(name, 1);
    const post = (user: string) =>
      fixture.ask("POST", `diary/${name}/snapshots`, { headers: { "x-test-user": user } });
    expect((await post("reader")).status).toBe(403);
    const first = await post("ada");
    expect(first).toMatchObject({ status: 201, body: { fromSeq: 1, toSeq: 4 } });
    expect(await post("ada")).toMatchObject({ status: 200, body: first.body });
  });
});

describe("beginning at a snapshot", () => {
  async function withTail(): Promise<string> {
    const name = fixture.name();
    await write(name, 3);
    await fixture.ask("POST", `diary/${name}/snapshots`);
    await write(name, 2);
    return name;
  }

  test("SN9 over HTTP: the newest snapshot's view and the events after it, which add up to the view of now", async () => {
    const name = await withTail();
    const { body } = await fixture.get(`diary/${name}/events?from=snapshot`);
    expect(body.snapshot).toMatchObject({ toSeq: 8, view: { lastSeq: 8, state: { pages: 3 } } });
    expect(body.items.map(({ seq }: { seq: number }) => seq)).toEqual([9, 10, 11, 12, 13]);
    expect(body).toMatchObject({ nextAfter: 13, hasMore: false, lastSeq: 13 });
    const stale = await fixture.get(`diary/${name}/events?after=2`);
    expect(stale.body.items).toHaveLength(11);
    const current = await fixture.get(`diary/${name}/events?from=snapshot&after=9`);
    expect([current.body.snapshot, current.body.items[0].seq]).toEqual([undefined, 10]);
  });

  test("SN9 over a socket: who asks gets the snapshot, who does not gets every event", async () => {
    const name = await withTail();
    const asking = await fixture.connect(name, { kind: "diary" });
    asking.send({ t: "hello", v: 1, after: 3, from: "snapshot" });
    const welcome = await asking.next("welcome");
    expect(welcome).toMatchObject({ snapshot: { toSeq: 8 }, view: { lastSeq: 8 } });
    const page = await asking.next("events");
    const view = page.commits.reduce(foldCommit, welcome.view as SessionView);
    expect(view).toMatchObject({ lastSeq: 13, state: { pages: 5 } });
    const other = await fixture.connect(name, { kind: "diary" });
    other.send({ t: "hello", v: 1, after: 3 });
    expect(await other.next("welcome")).not.toHaveProperty("snapshot");
    expect((await other.next("events")).commits[0]?.firstSeq).toBeLessThanOrEqual(4);
    const ahead = await fixture.connect(name, { kind: "diary" });
    ahead.send({ t: "hello", v: 1, after: 10, from: "snapshot" });
    expect(await ahead.next("welcome")).not.toHaveProperty("view");
  });
});
