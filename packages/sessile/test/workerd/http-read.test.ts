import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SseReader } from "./sse-reader.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1);
const seqs = (events: readonly { readonly seq: number }[]) => events.map(({ seq }) => seq);

async function sessionWith(events: number): Promise<string> {
  const name = fixture.name();
  const body = Array.from({ length: events - 3 }, (_, n) => ({
    clientEventId: `e${n}`,
    type: "note.said",
    payload: n,
  }));
  await fixture.ask("POST", `notes/${name}/events`, { body });
  return name;
}

describe("view", () => {
  test("HT1 the view tells lifecycle, status, state, versions, seq and times", async () => {
    const name = fixture.name();
    await fixture.call(name, "add", "x");
    const { status, headers, body } = await fixture.get(`notes/${name}`);
    expect([status, headers.get("content-type")]).toEqual([200, expect.stringContaining("application/json")]);
    expect(body).toEqual({
      kind: "notes",
      name,
      lifecycle: "active",
      lifecycleVersion: 3,
      status: "new",
      statusVersion: 1,
      state: { count: 1, text: "x" },
      version: 5,
      gates: {},
      work: {},
      lastSeq: 5,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: expect.stringMatching(/Z$/),
    });
  });

  test("HT2 a poller with the current ETag gets 304 and no body, and the next view after a change", async () => {
    const name = await sessionWith(5);
    for (const path of [`notes/${name}`, `notes/${name}/events?after=2`]) {
      const first = await fixture.get(path);
      const etag = first.headers.get("etag") ?? "";
      expect(await fixture.get(path, { "if-none-match": etag })).toMatchObject({ status: 304, body: "" });
      await fixture.call(name, "add", "more");
      const next = await fixture.get(path, { "if-none-match": etag });
      expect(next.status).toBe(200);
      expect(next.headers.get("etag")).not.toBe(etag);
    }
  });
});

describe("events", () => {
  test("HT3 events are read in pages by after and limit", async () => {
    const name = await sessionWith(25);
    const { body } = await fixture.get(`notes/${name}/events?after=4&limit=10`);
    expect(seqs(body.items)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect(body).toMatchObject({ nextAfter: 14, hasMore: true, lastSeq: 25 });
    const rest = await fixture.get(`notes/${name}/events?after=14&limit=1000`);
    expect(seqs(rest.body.items)).toEqual(upTo(25).slice(14));
    expect(rest.body).toMatchObject({ nextAfter: 25, hasMore: false });
    const none = await fixture.get(`notes/${name}/events?after=25`);
    expect(none.body).toEqual({
      items: [],
      nextAfter: 25,
      hasMore: false,
      lastSeq: 25,
      createdAt: expect.stringMatching(/Z$/),
    });
    expect((await fixture.get(`notes/${name}/events?after=999`)).body.items).toEqual([]);
  });

  test("HT3 an event says who, what and when, and its ids sort as its seqs do", async () => {
    const name = fixture.name();
    await fixture.ask("POST", `notes/${name}/events`, {
      body: { clientEventId: "c1", type: "note.said", payload: { a: [1, null] } },
      headers: { "x-test-user": "ann" },
    });
    const { items } = (await fixture.get(`notes/${name}/events`)).body;
    expect(items.at(-1)).toEqual({
      seq: 4,
      eventId: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
      type: "note.said",
      actor: { id: "ann", name: "Name of ann" },
      clientEventId: "c1",
      payload: { a: [1, null] },
      createdAt: expect.stringMatching(/Z$/),
    });
    const ids = items.map(({ eventId }: { eventId: string }) => eventId);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(4);
  });

  test.each([
    "after=-1",
    "after=x",
    "after=1.5",
    "limit=0",
    "limit=1001",
    "wait=56",
    "after=99999999999999999",
  ])("HT4 %s is refused by name", async (query) => {
    const { status, body } = await fixture.get(`notes/${fixture.name()}/events?${query}`);
    expect([status, body.code, body.field]).toEqual([400, "bad_request", query.split("=")[0]]);
  });

  test("HT5 a long poll answers with the next event as soon as there is one, and from a sleeping session", async () => {
    const name = await sessionWith(5);
    const poll = (after: number) => fixture.get(`notes/${name}/events?after=${after}&wait=20`);
    const polls = [poll(5), poll(5)];
    const there = await poll(4);
    expect(seqs(there.body.items)).toEqual([5]);
    await fixture.evict(name);
    await fixture.ask("POST", `notes/${name}/events`, { body: { clientEventId: "n", type: "note.said" } });
    const [one, two] = await Promise.all(polls);
    expect(one?.body).toMatchObject({ items: [{ seq: 6 }], nextAfter: 6, hasMore: false, lastSeq: 6 });
    expect(two?.body).toEqual(one?.body);
    const next = poll(6);
    await fixture.ask("POST", `notes/${name}/events`, { body: { clientEventId: "n2", type: "note.said" } });
    expect(seqs((await next).body.items)).toEqual([7]);
  });

  test("HT5 a long poll that nothing ends answers with nothing when its time is over", async () => {
    const name = await sessionWith(5);
    const startedAt = performance.now();
    const { status, body } = await fixture.get(`notes/${name}/events?after=5&wait=1`);
    expect([status, body.items, body.nextAfter]).toEqual([200, [], 5]);
    expect(performance.now() - startedAt).toBeGreaterThan(900);
  });
});

describe("server-sent events", () => {
  test("HT6 an event stream sends what there is, then each event as it comes, with its seq as id", async () => {
    const name = await sessionWith(30);
    await using reader = await SseReader.open(fixture.at(`notes/${name}/events?after=10`));
    expect(reader.response.headers.get("content-type")).toBe("text/event-stream");
    const messages = await reader.take(20);
    expect(messages.map(({ id }) => Number(id))).toEqual(upTo(30).slice(10));
    await fixture.evict(name);
    await fixture.call(name, "add", "live");
    const live = await reader.take(2);
    expect(live.map(({ id, data }) => [id, (data as { type: string }).type])).toEqual([
      ["31", "note.added"],
      ["32", "state.changed"],
    ]);
    const { items } = (await fixture.get(`notes/${name}/events?after=30`)).body;
    expect(live.map(({ data }) => data)).toEqual(items);
  });

  test("HT6 a reader that comes back with Last-Event-ID gets the rest, whatever its address says", async () => {
    const name = await sessionWith(10);
    const address = fixture.at(`notes/${name}/events?after=2`);
    const seen: number[] = [];
    for (let round = 0; round < 4; round++) {
      await using reader = await SseReader.open(address, seen.length === 0 ? undefined : String(seen.at(-1)));
      for (const { id } of await reader.take(2)) seen.push(Number(id));
    }
    expect(seen).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("HT6 a stream ends with the server, in the middle of what it says, and is resumed after", async () => {
    const name = await sessionWith(5);
    await using reader = await SseReader.open(fixture.at(`notes/${name}/events`));
    await reader.take(5);
    await fixture.restart();
    await expect(reader.take(1)).rejects.toThrow();
    await fixture.call(name, "add", "x");
    await using again = await SseReader.open(fixture.at(`notes/${name}/events`), "5");
    expect((await again.take(2)).map(({ id }) => id)).toEqual(["6", "7"]);
  });

  test("HT6 a reader that leaves is gone from the session too", async () => {
    const name = await sessionWith(5);
    const peer = await fixture.live(name);
    const reader = await SseReader.open(fixture.at(`notes/${name}/events`));
    const poll = fixture.get(`notes/${name}/events?after=5&wait=20`);
    await peer.next("presence", ({ count }) => count === 3);
    await reader[Symbol.asyncDispose]();
    await peer.next("presence", ({ count }) => count === 2);
    await fixture.call(name, "add", "x");
    expect((await poll).body.items).toHaveLength(2);
    await peer.next("presence", ({ count }) => count === 1);
  });

  test("HT28 a reader who takes nothing while much happens gets all of it in order when they read on", async () => {
    const name = await sessionWith(5);
    await using reader = await SseReader.open(fixture.at(`notes/${name}/events`));
    await reader.take(5);
    const payload = "x".repeat(250_000);
    for (let n = 0; n < 60; n++)
      await fixture.ask("POST", `notes/${name}/events`, {
        body: { clientEventId: `long-${n}`, type: "note.said", payload },
      });
    const messages = await reader.take(60);
    expect(messages.map(({ id }) => Number(id))).toEqual(upTo(65).slice(5));
  });

  test("HT29 a reader whose cursor lies beyond the end begins at the start, over server-sent events and a long poll", async () => {
    const name = await sessionWith(5);
    await using reader = await SseReader.open(fixture.at(`notes/${name}/events`), "100");
    expect((await reader.take(5)).map(({ id }) => Number(id))).toEqual(upTo(5));
    const { body } = await fixture.get(`notes/${name}/events?after=100&wait=20`);
    expect(seqs(body.items)).toEqual(upTo(5));
    expect(body).toMatchObject({ nextAfter: 5, hasMore: false, lastSeq: 5 });
  });

  test("HT6 a stream one may not read is refused before it begins", async () => {
    const { status, body } = await fixture.get(`notes/${fixture.name("private")}/events`, {
      accept: "text/event-stream",
    });
    expect([status, body.code]).toEqual([401, "unauthenticated"]);
  });
});

describe("gates and log", () => {
  test("HT7 the operator log is read newest first, by tag, level, time and count", async () => {
    const name = fixture.name();
    await fixture.call(name, "logLine", "one", "info", "first");
    await fixture.call(name, "logLine", "two", "warn", "second");
    await fixture.call(name, "logLine", "one", "warn", "third");
    const messages = async (query: string) =>
      (await fixture.get(`notes/${name}/log?${query}`)).body.items.map(
        ({ message }: { message: string }) => message,
      );
    expect(await messages("")).toEqual(["third", "second", "first"]);
    expect(await messages("tag=one")).toEqual(["third", "first"]);
    expect(await messages("level=warn")).toEqual(["third", "second"]);
    expect(await messages("limit=1")).toEqual(["third"]);
    expect(await messages(`since=${Date.now() + 60_000}`)).toEqual([]);
    expect((await fixture.get(`notes/${name}/log?level=loud`)).body).toMatchObject({
      code: "bad_request",
      field: "level",
    });
    expect((await fixture.get(`notes/${name}/log`, { "x-test-user": "reader" })).status).toBe(403);
  });

  test("HT8 gates are listed with how they ended, and answered once", async () => {
    const name = fixture.name();
    await fixture.call(name, "ask", "a", null);
    await fixture.call(name, "ask", "b", null);
    const answer = (option: string) =>
      fixture.ask("POST", `notes/${name}/gates/a`, {
        body: { answer: option },
        headers: { "x-test-user": "ann" },
      });
    expect((await answer("approve")).status).toBe(200);
    expect(await answer("reject")).toMatchObject({
      status: 409,
      body: { code: "gate_closed", current: "approve" },
    });
    const page = async (query = "") => (await fixture.get(`notes/${name}/gates${query}`)).body;
    const a = {
      gateId: "a",
      outcome: { status: "answered", answer: "approve", comment: null, by: { id: "ann" }, via: "http" },
    };
    const { items } = await page();
    expect(items).toMatchObject([a, { gateId: "b", outcome: null }]);
    expect(await page("?status=waiting")).toEqual({ items: [items[1]], nextCursor: null, hasMore: false });
    const first = await page("?limit=1");
    expect(first).toMatchObject({ items: [a], hasMore: true });
    expect(await page(`?limit=1&cursor=${first.nextCursor}`)).toMatchObject({
      items: [{ gateId: "b" }],
      hasMore: false,
    });
    expect((await fixture.get(`notes/${name}/gates/a`)).body).toEqual(items[0]);
    expect((await fixture.get(`notes/${name}/gates/c`)).status).toBe(404);
    expect((await fixture.get(`notes/${name}/gates?status=open`)).body).toMatchObject({ field: "status" });
  });
});
