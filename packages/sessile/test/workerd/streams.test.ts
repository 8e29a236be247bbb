import { globSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { EventSource } from "eventsource";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connect, openStream, type SocketConstructor } from "../../src/client/index.ts";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { streamContract } from "../../src/testing/stream-contract.ts";
import { SocketReader } from "./socket-reader.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

const call = async (name: string, method: string, ...args: unknown[]) => {
  const answer = await fixture.ask("POST", `voices/${name}/call/${method}`, { body: args });
  if (answer.status !== 200) throw new Error(`${method} answered ${JSON.stringify(answer.body)}`);
  return answer.body.result;
};

test.each(streamContract)("$title (in a session)", async ({ title }) => {
  const name = fixture.name();
  for (let step = 0; await call(name, "contract", title, step); step++) await fixture.evict(name, "Voices");
});

test.each(streamContract.map(({ title }, index) => ({ title, index })))(
  "$title (standalone)",
  async ({ title, index }) => {
    const prefix = fixture.name();
    for (let step = 0; ; step++) {
      const answer = await fixture.ask(
        "POST",
        `/test/streams/${encodeURIComponent(title)}/${step}?prefix=${prefix}`,
      );
      expect(answer).toMatchObject({ status: 200 });
      if (answer.body === false) break;
      // A case may use other objects than the one of its id.
      await fixture.evict(`${prefix}-${index}`, "StreamObject").catch(() => {});
    }
  },
);

test("SM30 a stream's socket sends history, then live, through an eviction, and closes 1000 with the output", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 3, 10, false);
  const reader = new SocketReader(fixture, `voices/${name}/streams/s`);
  await reader.seen(3);
  await fixture.evict(name, "Voices");
  await call(name, "say", "s", 2, 10, true);
  expect(await reader.closed).toBe(1000);
  expect(reader.chunks).toHaveLength(5);
  expect(reader.frames.at(-1)).toEqual({ t: "end", output: { count: 2 } });
  const late = new SocketReader(fixture, `voices/${name}/streams/s?offset=4`);
  expect(await late.closed).toBe(1000);
  expect(late.frames.filter(({ t }) => t === "chunks")).toMatchObject([{ at: 4, to: 5 }]);
});

test("SM30 readers stay where an event without a payload shares a commit with a stream's", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 1, 10, false);
  const reader = new SocketReader(fixture, `voices/${name}/streams/s`);
  await reader.seen(1);
  await call(name, "noteAndOpen", "other");
  await call(name, "say", "s", 1, 10, true);
  expect(await reader.closed).toBe(1000);
  expect(reader.chunks).toHaveLength(2);
});

test("SM31 a failed stream closes 1011 with its error, for live readers and for later ones", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 1, 10, false);
  const live = new SocketReader(fixture, `voices/${name}/streams/s`);
  await live.seen(1);
  await call(name, "fail", "s");
  for (const reader of [live, new SocketReader(fixture, `voices/${name}/streams/s`)]) {
    expect(await reader.closed).toBe(1011);
    expect(reader.chunks).toHaveLength(1);
    expect(reader.frames.at(-1)).toMatchObject({ t: "fail", error: { message: "No voice." } });
  }
});

test("SM32 a stream that is not there closes 4404, whoever may not read 4403, and a bad address 4400", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 1, 10, false);
  expect(await new SocketReader(fixture, `voices/${name}/streams/none`).closed).toBe(4404);
  expect(await new SocketReader(fixture, `voices/${name}/streams/a%20b`).closed).toBe(4400);
  expect(await new SocketReader(fixture, `voices/${name}/streams/s?offset=x`).closed).toBe(4400);
  expect(
    await new SocketReader(fixture, `voices/${name}/streams/s`, { "x-test-user": "mallory" }).closed,
  ).toBe(4403);
  const chatty = new SocketReader(fixture, `voices/${name}/streams/s`);
  await chatty.seen(1);
  chatty.socket.send("hello");
  expect(await chatty.closed).toBe(4400);
});

test("SM33 a reader of what was withdrawn is told, also one that comes back later", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 2, 10, false);
  const reader = new SocketReader(fixture, `voices/${name}/streams/s`);
  await reader.seen(2);
  const [{ info }] = reader.frames as unknown as [{ info: { generation: number } }];
  await call(name, "reset", "s");
  await call(name, "say", "s", 1, 10, true);
  await reader.closed;
  expect(reader.frames.map(({ t }) => t)).toEqual(["stream", "chunks", "resync", "chunks", "end"]);
  const late = new SocketReader(fixture, `voices/${name}/streams/s?offset=2&generation=${info.generation}`);
  await late.closed;
  expect(late.frames).toMatchObject([
    { t: "stream" },
    { t: "resync", offset: 0 },
    { t: "chunks", at: 2 },
    { t: "end" },
  ]);
});

test("SM7 event feeds name a segment without its chunks, the export has them", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 2, 10, false);
  const socket = await fixture.live(name, { kind: "voices" });
  await call(name, "say", "s", 1, 10, false);
  const live = await socket.event(
    ({ type, payload }) => type === "stream.segment" && (payload as { at: number }).at === 2,
  );
  expect(live.payload).toEqual({ streamId: "s", at: 2, to: 3 });
  const feed = (await fixture.log(name, "voices")).filter(({ type }) => type === "stream.segment");
  expect(feed.map(({ payload }) => payload)).toContainEqual({ streamId: "s", at: 0, to: 2 });
  expect(JSON.stringify((await fixture.get(`voices/${name}/export`)).body)).toContain("0;xx");
});

test("SM34 a slow reader is told that it is behind, holds no more than its share, and misses nothing", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 1, 10, false);
  const reader = new SocketReader(fixture, `voices/${name}/streams/s`);
  const quick = new SocketReader(fixture, `voices/${name}/streams/s`);
  await Promise.all([reader.seen(1), quick.seen(1)]);
  reader.socket.pause();
  for (let round = 0; round < 12; round++) await call(name, "say", "s", 16, 64 * 1024, false);
  reader.socket.resume();
  await call(name, "say", "s", 1, 10, true);
  expect(await reader.closed).toBe(1000);
  expect(await quick.closed).toBe(1000);
  expect(reader.chunks).toEqual(quick.chunks);
  expect(reader.chunks).toHaveLength(1 + 12 * 16 + 1);
  expect(reader.frames.some(({ t }) => t === "behind")).toBe(true);
});

test("SM35 streams are listed newest first in pages, and whoever may write can cancel one", async () => {
  const name = fixture.name();
  for (const id of ["a", "b", "c"]) await call(name, "say", id, 1, 10, id === "a");
  const { body } = await fixture.get(`voices/${name}/streams?limit=2`);
  expect(body).toMatchObject({
    items: [{ streamId: "c", status: "active" }, { streamId: "b" }],
    hasMore: true,
  });
  const rest = await fixture.get(`voices/${name}/streams?cursor=${body.nextCursor}`);
  expect(rest.body).toMatchObject({ items: [{ streamId: "a", status: "ended" }], hasMore: false });
  const reader = new SocketReader(fixture, `voices/${name}/streams/b`);
  await reader.seen(1);
  const denied = await fixture.ask("POST", `voices/${name}/streams/b/cancel`, {
    headers: { "x-test-user": "reader" },
  });
  expect(denied.status).toBe(403);
  const cancel = () => fixture.ask("POST", `voices/${name}/streams/b/cancel`);
  expect(await cancel()).toMatchObject({ status: 200, body: { cancelled: true } });
  expect(await reader.closed).toBe(1011);
  expect(await cancel()).toMatchObject({ body: { cancelled: false } });
  await expect(call(name, "say", "b", 1, 10, false)).rejects.toThrow("not_writable");
});

test("SM36 chunks given together share a segment, and segments given together a row", async () => {
  const name = fixture.name();
  const before = await call(name, "rows");
  await call(name, "say", "s", 1000, 5, false);
  expect((await call(name, "rows")) - before).toBeLessThanOrEqual(4);
});

test("OB4 a restart keeps streams to the byte, a chunk larger than a row too", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 2, 2_500_000, false);
  await fixture.restart();
  const reader = new SocketReader(fixture, `voices/${name}/streams/s`);
  await reader.seen(2);
  expect(reader.chunks).toEqual(["0;", "1;"].map((head) => head.padEnd(2_500_000, "x")));
});

test("SM37 the client's iterator goes on where it was after a cut, a restart too, and ends or throws with the stream", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 3, 10, false);
  const seen: unknown[] = [];
  const url = fixture.at(`voices/${name}/streams/s`);
  const reading = (async () => {
    for await (const chunk of openStream({ url, WebSocket: WebSocket as unknown as SocketConstructor }))
      seen.push(chunk);
  })();
  await until(() => seen.length === 3);
  await fixture.restart();
  await call(name, "say", "s", 2, 10, false);
  await until(() => seen.length === 5);
  const failing = expect(reading).rejects.toThrow("No voice.");
  await call(name, "fail", "s");
  await failing;
  expect(seen).toEqual([0, 1, 2, 0, 1].map((n) => `${n};`.padEnd(10, "x")));
});

test("SM47 in ledger mode a chunk is shown and acknowledged once the record holds it, after an outage too", async () => {
  const name = fixture.name();
  const say = (count: number) =>
    fixture.ask("POST", `whispers/${name}/call/say`, { body: ["s", count, 10, false] });
  expect(await say(1)).toMatchObject({ status: 200 });
  const reader = new SocketReader(fixture, `whispers/${name}/streams/s`);
  await reader.seen(1);
  await fixture.ask("POST", "/test/d1/held");
  try {
    let isAnswered = false;
    const saying = say(2).finally(() => {
      isAnswered = true;
    });
    await until(async () => {
      const { staged, pending } = (await fixture.get(`whispers/${name}/sync`)).body;
      return staged + pending > 0;
    });
    const late = new SocketReader(fixture, `whispers/${name}/streams/s`);
    await late.seen(1);
    const { body } = await fixture.get(`whispers/${name}/streams`);
    expect([body.items[0].tail, reader.to, late.to, isAnswered]).toEqual([1, 1, 1, false]);
    await fixture.ask("POST", "/test/d1/up");
    expect(await saying).toMatchObject({ status: 200, body: { result: 2 } });
    await Promise.all([reader.seen(3), late.seen(3)]);
    expect(late.chunks).toEqual(reader.chunks);
  } finally {
    await fixture.ask("POST", "/test/d1/up");
  }
});

test("SM48 a reader that waits costs no row, and the object may sleep", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 1, 10, false);
  const { lastSeq } = (await fixture.get(`voices/${name}`)).body;
  const readers = [0, 1].map(() => new SocketReader(fixture, `voices/${name}/streams/s`));
  await Promise.all(readers.map((reader) => reader.seen(1)));
  // Refused while anything keeps the object awake.
  await fixture.evict(name, "Voices");
  expect((await fixture.get(`voices/${name}`)).body.lastSeq).toBe(lastSeq);
  await call(name, "say", "s", 1, 10, true);
  expect(await Promise.all(readers.map(({ closed }) => closed))).toEqual([1000, 1000]);
});

/** Every row of every object of some classes, as the disk has them. */
const rowsOf = (...classes: string[]): unknown[] =>
  globSync(classes.map((name) => `${fixture.folder}/**/*${name}*/*.sqlite`)).map((file) => {
    const database = new DatabaseSync(file, { readOnly: true, readBigInts: true });
    try {
      const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
      return tables.all().map(({ name }) => [name, database.prepare(`SELECT * FROM "${name}"`).all()]);
    } finally {
      database.close();
    }
  });

test("SM48 DU15 objects with idle readers fall asleep by themselves, no row is written, and the readers get what comes", async () => {
  const names = [fixture.name("idle"), fixture.name("idle")] as const;
  const paths = [`voices/${names[0]}/streams/s`, `/v1/stream/${names[1]}`];
  const headers = { "content-type": "text/plain" };
  for (const path of paths) await fixture.ask("PUT", path, { text: "so far", headers });
  const sockets = paths.map((path) => new SocketReader(fixture, path));
  const events = paths.map((path) => new EventSource(`${fixture.at(path)}?offset=-1&live=sse`));
  const heard = events.map((source): string[] => {
    const data: string[] = [];
    source.addEventListener("data", (message) => data.push(message.data));
    return data;
  });
  const seen = (text: string) =>
    until(
      () =>
        heard.every((data) => data.join("") === text) &&
        sockets.every(({ chunks }) => chunks.join("") === text),
    );
  const instances = () =>
    Promise.all(names.map(async (name) => Number((await fixture.get(`/test/instances/${name}`)).body)));
  try {
    await seen("so far");
    await until(async () => (await fixture.get(`voices/${names[0]}/sync`)).body.pending === 0);
    const before = rowsOf("Voices", "StreamObject");
    expect(before.length).toBeGreaterThanOrEqual(2);
    expect(await instances()).toEqual([1, 1]);
    // The platform's own time: an object at rest goes after ten seconds, and asking it would begin them anew.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    expect(rowsOf("Voices", "StreamObject")).toEqual(before);
    for (const path of paths) await fixture.ask("POST", path, { text: ", and more", headers });
    await seen("so far, and more");
    expect(await instances()).toEqual([2, 2]);
  } finally {
    for (const source of events) source.close();
    for (const { socket } of sockets) socket.terminate();
  }
});

test.each([
  ["mirror", "tiny", "Tiny"],
  ["ledger", "whispers", "Whispers"],
])("SM49 a stream that has closed is deleted by the alarm, in %s mode", async (_mode, kind, className) => {
  const name = fixture.name();
  const path = `${kind}/${name}/streams/s`;
  const headers = { "content-type": "text/plain" };
  expect(await fixture.ask("PUT", path, { headers })).toMatchObject({ status: 201 });
  const peer = await fixture.live(name, { kind });
  await fixture.ask("POST", path, { headers: { ...headers, "stream-closed": "true" }, text: "all of it" });
  await fixture.evict(name, className);
  const deleted = await peer.event(({ type }) => type === "stream.deleted");
  expect(deleted.payload).toEqual({ streamId: "s", reason: "expired" });
  expect(await fixture.get(`${path}?offset=-1`)).toMatchObject({ status: 404 });
  expect((await fixture.log(name, kind)).map(({ type }) => type)).toContain("stream.ended");
});

test("SM45 a client reads a stream of its session by id, and is told what the stream came to", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 2, 10, false);
  const client = connect({
    url: fixture.url,
    kind: "voices",
    name,
    WebSocket: WebSocket as unknown as SocketConstructor,
  });
  try {
    const abort = new AbortController();
    const seen: unknown[] = [];
    for await (const chunk of client.stream("s", { signal: abort.signal })) {
      seen.push(chunk);
      if (seen.length === 2) abort.abort();
    }
    await call(name, "say", "s", 1, 10, true);
    const rest = client.stream("s", { offset: 2 });
    expect([await rest.next(), await rest.next()]).toMatchObject([
      { done: false, value: seen[0] },
      { done: true, value: { count: 1 } },
    ]);
  } finally {
    client.close();
  }
});
