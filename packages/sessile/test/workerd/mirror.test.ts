import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { createD1Record, type SessionRecord } from "../../src/record/index.ts";
import { RawSocket } from "./raw-socket.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterEach(() => d1("up"));
afterAll(() => fixture.stop());

const d1 = (state: "up" | "down") => fixture.ask("POST", `/test/d1/${state}`);

/** The same database as the sessions', from outside. */
async function record(): Promise<SessionRecord> {
  return createD1Record(await fixture.server.d1("SESSILE_RECORD"));
}

/** Waits until D1 holds all of the session, and compares. */
async function expectMirrored(name: string): Promise<void> {
  const log = await fixture.log(name);
  const copy = await record();
  await until(async () => (await copy.recordedSeq("notes", name)) === log.length);
  const { events, hasMore } = await copy.readEvents("notes", name, { limit: 1000 });
  expect(hasMore).toBe(false);
  // The record also keeps what commands answered, which the log tells nobody but the one who repeats a command.
  expect(events.map((event) => ({ ...event, result: undefined }))).toEqual(log);
}

async function list(query: string) {
  const { status, body } = await fixture.get(`/v1/sessions?${query}`);
  expect(status).toBe(200);
  return body as {
    items: { name: string; status: string; title: string; facts: unknown; lastSeq: number }[];
    nextCursor: string | null;
    hasMore: boolean;
  };
}

describe("mirror", () => {
  test("DI1 D1 gets every event as the session has it, by itself", async () => {
    const name = fixture.name();
    for (const text of ["a", "ä 🦪", "c"]) await fixture.call(name, "add", text);
    await expectMirrored(name);
    await fixture.evict(name);
    await fixture.call(name, "add", "after an eviction");
    await expectMirrored(name);
  });

  test("DI2 while D1 is down sessions work as always, and afterwards it gets what it missed", async () => {
    const [old, fresh] = [fixture.name(), fixture.name()];
    await fixture.call(old, "add", "before");
    await expectMirrored(old);
    await d1("down");
    const peer = await fixture.live(old);
    for (const name of [old, fresh]) {
      for (let n = 0; n < 5; n++) await fixture.call(name, "add", `during ${n}`);
      const moved = await fixture.ask("POST", `notes/${name}/status`, { body: { to: "open" } });
      expect(moved.status).toBe(200);
    }
    await peer.event(({ type }) => type === "status.changed");
    expect(await fixture.get("/v1/sessions?kind=notes")).toMatchObject({
      status: 503,
      body: { code: "unavailable" },
    });
    const notes = (await fixture.get(`notes/${old}/log?tag=record`)).body.items;
    expect(notes[0]).toMatchObject({ level: "warn", message: expect.stringContaining("The log is safe") });
    await fixture.evict(fresh);
    await d1("up");
    // Nobody touches the sessions from here on: their alarms go on with the copy.
    const copy = await record();
    await until(
      async () => (await copy.recordedSeq("notes", old)) > 15 && (await copy.recordedSeq("notes", fresh)) > 0,
    );
    await expectMirrored(old);
    await expectMirrored(fresh);
  });

  test("DI3 a restart in the middle of an outage loses nothing", async () => {
    const name = fixture.name();
    await d1("down");
    await fixture.call(name, "add", "x");
    await fixture.restart();
    const copy = await record();
    await until(async () => (await copy.recordedSeq("notes", name)) === 5);
    await expectMirrored(name);
  });
});

describe("directory", () => {
  test("DI4 the list shows title, facts and status of each session, and a change of status at once", async () => {
    const name = fixture.name("list");
    await fixture.call(name, "add", "shopping");
    await expectMirrored(name);
    await fixture.ask("POST", `notes/${name}/status`, { body: { to: "open" } });
    const row = async () => (await list(`kind=notes&q=${name}`)).items[0];
    await until(async () => (await row())?.status === "open");
    expect(await row()).toMatchObject({ name, title: "Notes: shopping", facts: { count: 1 } });
    expect((await list(`kind=notes&status=open&q=${name}`)).items).toHaveLength(1);
    expect((await list(`kind=notes&status=done&q=${name}`)).items).toHaveLength(0);
    expect((await list(`kind=tiny&q=${name}`)).items).toHaveLength(0);
  });

  test("DI5 the list is paged by a cursor, each session once", async () => {
    const names = Array.from({ length: 7 }, () => fixture.name("paged"));
    await Promise.all(names.map((name) => fixture.call(name, "add", "paged-title")));
    await until(async () => (await list("q=paged-title&limit=100")).items.length === 7);
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page = await list(`q=paged-title&limit=3&order=title${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.items.map((item) => item.name));
      expect(page.hasMore).toBe(page.nextCursor !== null);
      cursor = page.nextCursor;
    }
    expect(seen.sort()).toEqual(names.sort());
    for (const [query, field] of [
      ["limit=101", "limit"],
      ["order=random", "order"],
      ["lifecycle=gone", "lifecycle"],
    ]) {
      expect((await fixture.get(`/v1/sessions?${query}`)).body).toMatchObject({ code: "bad_request", field });
    }
    expect((await fixture.get("/v1/sessions?cursor=nonsense")).status).toBe(400);
  });

  test("DI6 an open list is told of changes of its kind, also while D1 is down", async () => {
    const [notes, tiny] = await Promise.all(
      ["notes", "tiny"].map((kind) =>
        RawSocket.open(fixture.at(`/v1/sessions?kind=${kind}`), { protocols: [] }),
      ),
    );
    const name = fixture.name("feed");
    await fixture.call(name, "add", "x");
    const of = (changes: readonly Record<string, unknown>[]) =>
      changes.filter((change) => change.name === name);
    await notes?.next("directory", ({ changes }) => of(changes).length > 0);
    await d1("down");
    await fixture.ask("POST", `notes/${name}/status`, { body: { to: "open" } });
    const { changes } = (await notes?.next("directory", (frame) =>
      of(frame.changes).some(({ status }) => status === "open"),
    )) ?? { changes: [] };
    expect(of(changes)).toMatchObject([
      { kind: "notes", name, status: "open", title: "Notes: x", lastSeq: 6 },
    ]);
    await fixture.ask("POST", `tiny/${name}/lifecycle`, { body: { to: "paused" } });
    await tiny?.next("directory", (frame) =>
      of(frame.changes).some(({ lifecycle }) => lifecycle === "paused"),
    );
    expect(
      tiny?.frames.flatMap((frame) => ("changes" in frame ? frame.changes : [])).map(({ kind }) => kind),
    ).not.toContain("notes");
    await Promise.all([notes?.close(), tiny?.close()]);
  });
});
