import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { until } from "../../src/node/server/fixtures/processes.ts";
import {
  ExportReader,
  ExportWriter,
  eventIdOf,
  readExport,
  type SessionEvent,
  sessionKeyOf,
} from "../../src/protocol/index.ts";
import { createD1Record } from "../../src/record/index.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterEach(() => d1("up"));
afterAll(() => fixture?.stop());

const kind = "chronicle";
const d1 = (state: "up" | "down") => fixture.ask("POST", `/test/d1/${state}`);
const switchTo = (name: string, mode: "ledger" | "mirror") =>
  fixture.ask("POST", `/test/durability/${name}/${mode}`);
const lastSeq = async (name: string) => (await fixture.get(`${kind}/${name}`)).body.lastSeq as number;
const synced = async (name: string) => (await fixture.get(`${kind}/${name}/sync`)).body;
const messages = async (name: string) =>
  (await fixture.get(`${kind}/${name}/log?tag=record`)).body.items.map(
    ({ message }: { message: string }) => message,
  );

async function append(name: string, from: number, count: number): Promise<void> {
  const body = Array.from({ length: count }, (_, n) => ({
    clientEventId: `p.1.${from + n}`,
    type: "line.added",
    payload: `line ${from + n}`,
  }));
  expect((await fixture.ask("POST", `${kind}/${name}/events`, { body })).status).toBe(200);
}

async function recorded(name: string): Promise<SessionEvent[]> {
  const record = createD1Record(await fixture.server.d1("SESSILE_RECORD"));
  const { events } = await record.readEvents(kind, name, { limit: 1000 });
  return events as unknown as SessionEvent[];
}

/** What restoring a backup does to one session: the record is as it was when it ended at `seq`. */
async function putBack(name: string, seq: number): Promise<void> {
  const database = await fixture.server.d1("SESSILE_RECORD");
  const id = `${kind}/${name}`;
  await database.batch([
    database.prepare("DELETE FROM session_events WHERE sessionId = ?1 AND seq > ?2").bind(id, seq),
    seq === 0
      ? database.prepare("DELETE FROM sessile_sessions WHERE sessionId = ?1 AND ?2 = 0").bind(id, seq)
      : database
          .prepare(
            "UPDATE sessile_sessions SET recordedSeq = ?2, lastSeq = ?2, headSeq = NULL, headHash = NULL WHERE sessionId = ?1",
          )
          .bind(id, seq),
  ]);
}

/** A session of which all but the newest events lie in the archive. */
async function chronicle(mode: "ledger" | "mirror"): Promise<string> {
  const name = fixture.name("r");
  await switchTo(name, mode);
  for (let n = 0; n < 10; n++) await append(name, n * 10, 10);
  await until(
    async () => (await fixture.ask("POST", `${kind}/${name}/call/archived`, { body: [] })).body.result > 0,
  );
  return name;
}

test.each([0, 7])(
  "LM15 a record put back to event %i is refilled from hot log and archive on the next wake, told to operators, shown to nobody again",
  async (seq) => {
    const name = await chronicle("ledger");
    await putBack(name, seq);
    await fixture.evict(name, "Chronicle");
    // A reader wakes it: nobody writes.
    const peer = await fixture.live(name, { kind });
    const known = peer.lastSeq;
    await until(async () => (await recorded(name)).length === known);
    expect(await messages(name)).toEqual(
      expect.arrayContaining([
        `The record ends at ${seq} and once ended at ${known}: it is refilled from the log`,
        `The record holds everything up to ${known} again`,
      ]),
    );
    await append(name, 1000, 1);
    await peer.event(({ payload }) => payload === "line 1000");
    const seqs = peer.events().map((event) => event.seq);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    const log = await fixture.log(name, kind);
    await until(async () => (await recorded(name)).length === log.length);
    expect((await recorded(name)).map((event) => event.eventId)).toEqual(log.map(({ eventId }) => eventId));
  },
);

test("LM15 a record put back under an instance that is awake is refilled by its next write", async () => {
  const name = await chronicle("ledger");
  await append(name, 500, 1);
  await putBack(name, 5);
  await append(name, 1000, 1);
  const log = await fixture.log(name, kind);
  expect((await recorded(name)).map(({ eventId }) => eventId)).toEqual(log.map(({ eventId }) => eventId));
  expect(log.filter(({ payload }) => payload === "line 1000")).toHaveLength(1);
});

test("RE17 in mirror mode a record put back is refilled from the archive too", async () => {
  const name = await chronicle("mirror");
  await putBack(name, 7);
  await append(name, 1000, 1);
  await until(async () => (await recorded(name)).length === (await lastSeq(name)));
  const log = await fixture.log(name, kind);
  expect((await recorded(name)).map(({ eventId }) => eventId)).toEqual(log.map(({ eventId }) => eventId));
});

test("LM16 a session moves from mirror to ledger and back: what the record lacks shows once it is there, and nothing is lost", async () => {
  const name = fixture.name("r");
  await append(name, 0, 3);
  await until(async () => (await synced(name)).pending === 0);
  await d1("down");
  await append(name, 3, 3);
  const peer = await fixture.live(name, { kind });
  const [known, total] = [(await synced(name)).recordedSeq as number, await lastSeq(name)];
  expect(total).toBeGreaterThan(known);

  await switchTo(name, "ledger");
  await fixture.evict(name, "Chronicle");
  expect((await fixture.get(`${kind}/${name}/events?limit=1000`)).body.items.at(-1).seq).toBe(known);
  expect(await synced(name)).toMatchObject({
    durability: "ledger",
    recordedSeq: known,
    staged: total - known,
  });
  expect((await peer.closed).code).toBe(1012);
  // Ahead of what shows: it starts over.
  const late = await fixture.connect(name, { kind });
  expect(await late.greet({ after: total })).toMatchObject({ lastSeq: known, view: { lastSeq: known } });
  await d1("up");
  await late.event(({ payload }) => payload === "line 5");
  await append(name, 6, 1);
  expect((await recorded(name)).length).toBe(await lastSeq(name));

  await switchTo(name, "mirror");
  await fixture.evict(name, "Chronicle");
  await d1("down");
  await append(name, 7, 1);
  expect((await synced(name)).durability).toBe("mirror");
  await d1("up");
  await switchTo(name, "ledger");
  await fixture.evict(name, "Chronicle");
  await until(async () => (await synced(name)).staged === 0);
  const log = await fixture.log(name, kind);
  expect(log.filter(({ type }) => type === "line.added").map(({ payload }) => payload)).toEqual(
    Array.from({ length: 8 }, (_, n) => `line ${n}`),
  );
  expect((await recorded(name)).map(({ eventId }) => eventId)).toEqual(log.map(({ eventId }) => eventId));
});

test("LM17 an import into ledger mode shows as far as the record holds it, and all of it by itself", async () => {
  const source = fixture.name("r");
  await append(source, 0, 5);
  const file = (await fixture.get(`${kind}/${source}/export`)).body as string;
  const name = fixture.name("r");
  await switchTo(name, "ledger");
  const text = await renamed(file, name);
  await d1("down");
  expect((await fixture.ask("POST", "/v1/sessions/import", { text })).status).toBe(503);
  await d1("up");
  const imported = await fixture.ask("POST", "/v1/sessions/import", { text });
  expect([imported.status, imported.body.events]).toEqual([201, await lastSeq(source)]);
  await until(async () => (await recorded(name)).length === imported.body.events);
  expect((await fixture.get(`${kind}/${name}/export`)).body).toBe(text);
  await append(name, 5, 1);
  expect((await recorded(name)).length).toBe(await lastSeq(name));
});

/** The same events under another name, with a chain of their own. */
async function renamed(file: string, name: string): Promise<string> {
  async function* once() {
    yield file;
  }
  const reader = new ExportReader();
  const events = [];
  for await (const event of readExport(once(), reader)) events.push(event);
  const createdAt = reader.manifest?.createdAt ?? "";
  const writer = new ExportWriter({ kind, name, createdAt, events: events.length });
  const key = sessionKeyOf(kind, name);
  const lines = events.map((event) =>
    writer.event({
      ...event,
      eventId: eventIdOf(key, event.seq, Date.parse(event.createdAt)),
      payload: event.seq === 1 ? { ...(event.payload as object), name } : event.payload,
    }),
  );
  return writer.begin() + lines.join("") + writer.end();
}
