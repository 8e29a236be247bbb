import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { ExportReader, readExport } from "../../src/protocol/index.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture?.stop());

const ask = (name: string, method: string) =>
  fixture.ask("POST", `chronicle/${name}/call/${method}`, { body: [] });
const append = (name: string, from: number, count: number) =>
  fixture.ask("POST", `chronicle/${name}/events`, {
    body: Array.from({ length: count }, (_, n) => ({
      clientEventId: `p.1.${from + n}`,
      type: "line.added",
      payload: `line ${from + n} é`,
    })),
  });

const archivedOf = async (name: string) => Number((await ask(name, "archived")).body.result);

/** A session of which all but the newest events lie in the archive. */
async function chronicle(): Promise<string> {
  const name = fixture.name("c");
  for (let n = 0; n < 15; n++) await append(name, n * 10, 10);
  await until(async () => (await archivedOf(name)) > 0);
  return name;
}

async function* once(text: string) {
  yield text;
}

test("WS16 a live peer that reads pages of the archive gets no live commits meanwhile", async () => {
  const name = await chronicle();
  const peer = await fixture.live(name, { kind: "chronicle" });
  peer.send({ t: "pull", after: 3 });
  expect((await peer.next("events")).more).toBe(true);
  peer.send({ t: "do", commands: [{ id: "own", op: "append", type: "line.added", payload: "own" }] });
  const answered = await peer.next("commit", ({ acks }) => acks?.some(({ id }) => id === "own") ?? false);
  expect(answered.commit).toBeUndefined();
});

test("RT3 a cursor in the archive gets every event, over HTTP, sockets and in the export, whose chain is whole", async () => {
  const name = await chronicle();
  const log = await fixture.log(name, "chronicle");
  expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: log.length }, (_, index) => index + 1));
  expect(log.filter(({ payload }) => payload === "line 7 é")).toHaveLength(1);
  const middle = await fixture.get(`chronicle/${name}/events?after=17&limit=5`);
  expect(middle.body.items.map(({ seq }: { seq: number }) => seq)).toEqual([18, 19, 20, 21, 22]);
  expect(middle.body.hasMore).toBe(true);
  const peer = await fixture.connect(name, { kind: "chronicle" });
  await peer.greet({ after: 3 });
  const seqs = peer.events().map(({ seq }) => seq);
  // The first commit may begin before the cursor; what follows has no gap.
  expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => (seqs[0] ?? 0) + index));
  expect(seqs[0]).toBeLessThanOrEqual(4);
  expect(peer.lastSeq).toBeGreaterThanOrEqual(log.length);
  await append(name, 100_000, 1);
  await peer.event(({ payload }) => payload === "line 100000 é");
  const reader = new ExportReader();
  const text = await (await fetch(fixture.at(`chronicle/${name}/export`))).text();
  const events = [];
  for await (const event of readExport(once(text), reader)) events.push(event);
  expect(events.length).toBeGreaterThan(log.length);
  await fixture.evict(name, "Chronicle");
  expect((await fixture.log(name, "chronicle")).slice(0, log.length)).toEqual(log);
});

test("RT5 nothing is archived that the record lacks, and the record's head goes on through it", async () => {
  await fixture.ask("POST", "/test/d1/down");
  const name = fixture.name("c");
  for (let n = 0; n < 10; n++) await append(name, n * 10, 10);
  await until(async () => (await fixture.get(`chronicle/${name}/snapshots`)).body.items.length > 0);
  // Time in which the archive would run, if it were going to.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(await archivedOf(name)).toBe(0);
  await fixture.ask("POST", "/test/d1/up");
  const later = await chronicle();
  await fixture.ask("POST", `chronicle/${later}/snapshots`);
  await until(async () => {
    const { body } = await fixture.get(`chronicle/${later}/head`);
    return body.head?.seq === (await fixture.get(`chronicle/${later}`)).body.lastSeq;
  });
  const reader = new ExportReader();
  const text = await (await fetch(fixture.at(`chronicle/${later}/export`))).text();
  for await (const event of readExport(once(text), reader)) void event;
  expect((await fixture.get(`chronicle/${later}/head`)).body.head).toEqual(reader.head);
});
