import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { createD1Record } from "../../src/record/index.ts";
import type { RawSocket } from "./raw-socket.ts";
import { SocketReader } from "./socket-reader.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start({ r2: ["SESSILE_ARCHIVE", "SESSILE_PARTS"] });
});
afterEach(() => Promise.all([d1("up"), puts("up")]));
afterAll(() => fixture?.stop());

const d1 = (state: "up" | "down" | "held-inside") => fixture.ask("POST", `/test/d1/${state}`);
const puts = (state: "up" | "held") => fixture.ask("POST", `/test/puts/${state}`);
const remove = (path: string, query = "") => fixture.ask("DELETE", `${path}${query}`);
const record = async () => createD1Record(await fixture.server.d1("SESSILE_RECORD"));

async function rowsOf(kind: string, name: string): Promise<number> {
  const database = await fixture.server.d1("SESSILE_RECORD");
  const id = `${kind}/${name}`;
  const [row] = (
    await database
      .prepare(
        "SELECT (SELECT count(*) FROM session_events WHERE sessionId = ?1) + (SELECT count(*) FROM sessile_sessions WHERE sessionId = ?1) + (SELECT count(*) FROM session_event_parts WHERE sessionId = ?1) AS n",
      )
      .bind(id)
      .all<{ n: number }>()
  ).results;
  return Number(row?.n);
}

const keysAt = async (path: string, name: string) =>
  (await fixture.get(path)).body.filter((key: string) => key.includes(`/${name}/`));
const stored = (name: string) => keysAt("/test/objects", name);
const heldOf = (name: string) => keysAt("/test/puts", name);

/** A session whose events go to the record and to the archive, with a part. */
async function longSession(): Promise<string> {
  const name = fixture.name("gone");
  for (let n = 0; n < 8; n++) {
    const body = Array.from({ length: 10 }, (_, index) => ({
      clientEventId: `p.1.${n * 10 + index}`,
      type: "line.added",
      payload: `line ${n}`,
    }));
    await fixture.ask("POST", `chronicle/${name}/events`, { body });
  }
  const { body } = await fixture.ask("POST", `chronicle/${name}/parts`, { text: "a long output" });
  await fixture.ask("POST", `chronicle/${name}/events`, {
    body: { clientEventId: "part", type: "output.added", payload: body },
  });
  return name;
}

/** The same when everything is where it belongs. */
async function chronicle(): Promise<string> {
  const name = await longSession();
  await until(async () => (await stored(name)).length > 1);
  return name;
}

test("DE1 DE2 deleting ends every socket and leaves nothing in the session, the record and the buckets; it may be repeated", async () => {
  const name = await chronicle();
  await until(async () => (await rowsOf("chronicle", name)) > 80);
  const peer = await fixture.live(name, { kind: "chronicle" });
  const first = await remove(`chronicle/${name}`);
  expect([first.status, first.body]).toEqual([
    200,
    { kind: "chronicle", name, deletedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
  ]);
  expect((await peer.closed).code).toBe(4410);
  expect(await rowsOf("chronicle", name)).toBe(0);
  expect(await stored(name)).toEqual([]);
  expect((await remove(`chronicle/${name}`)).body).toEqual(first.body);
  expect((await fixture.get(`/v1/sessions?kind=chronicle&q=${name}`)).body.items).toEqual([]);
});

test("DE2 a repeat deletes what a backup of the record has brought back", async () => {
  const name = fixture.name("gone");
  await fixture.call(name, "add", "x");
  await until(async () => (await rowsOf("notes", name)) > 2);
  const row = await (await record()).getSession("notes", name);
  if (!row) throw new Error("no row");
  const first = await remove(`notes/${name}`);
  await (await record()).readmitSession("notes", name);
  await (await record()).upsertSession(row);
  expect(await rowsOf("notes", name)).toBe(1);
  expect((await remove(`notes/${name}`)).body).toEqual(first.body);
  expect(await rowsOf("notes", name)).toBe(0);
});

test("DE2 what is on its way to the buckets when a deletion begins is not left there", async () => {
  await puts("held");
  const name = await longSession();
  await until(async () => (await heldOf(name)).length > 1);
  let isAnswered = false;
  const removing = remove(`chronicle/${name}`).finally(() => {
    isAnswered = true;
  });
  // Time enough for one that would not wait.
  for (let asked = 0; asked < 50 && !isAnswered; asked++) await fixture.get(`chronicle/${name}`);
  await puts("up");
  expect((await removing).status).toBe(200);
  await until(async () => (await heldOf(name)).length === 0);
  expect(await stored(name)).toEqual([]);
});

test("DE3 nothing that comes late brings a session back: clients, reads, writes, restores, another instance", async () => {
  const name = fixture.name("gone");
  await fixture.call(name, "add", "x");
  await remove(`notes/${name}`);
  const expectGone = async () => {
    const socket = await fixture.connect(name);
    expect((await socket.next("error")).error.code).toBe("not_found");
    expect((await socket.closed).code).toBe(4410);
    for (const [method, path, body] of [
      ["GET", "", undefined],
      ["GET", "/events", undefined],
      ["POST", "/call/add", ["y"]],
      ["POST", "/events", { clientEventId: "a", type: "note.added" }],
      ["POST", "/restore", undefined],
    ] as const) {
      const answer = await fixture.ask(method, `notes/${name}${path}`, body === undefined ? {} : { body });
      expect([path, answer.status]).toEqual([path, 404]);
    }
    expect((await fixture.get(`/notes/${name}/suffix`)).status).toBe(404);
  };
  await expectGone();
  await fixture.evict(name);
  await expectGone();
  expect(await rowsOf("notes", name)).toBe(0);
});

test("DE4 a deletion that meets an outage or a kill goes on by itself, and shows nothing meanwhile", async () => {
  const name = fixture.name("gone");
  await fixture.call(name, "add", "x");
  await until(async () => (await rowsOf("notes", name)) > 2);
  const peer = await fixture.live(name);
  await d1("down");
  expect((await remove(`notes/${name}`)).status).toBe(503);
  expect((await peer.closed).code).toBe(4410);
  expect((await fixture.get(`notes/${name}`)).status).toBe(404);
  await fixture.crash();
  expect((await fixture.get(`notes/${name}`)).status).toBe(404);
  // Nobody asks again: the alarm does.
  await until(async () => (await rowsOf("notes", name)) === 0);
});

test("DE5 an address is used anew where that is meant: after ?free=1, or by an import", async () => {
  const name = fixture.name("gone");
  await fixture.call(name, "add", "x");
  await until(async () => (await rowsOf("notes", name)) > 2);
  const file = (await fixture.get(`notes/${name}/export`)).body as string;
  await remove(`notes/${name}`);
  const imported = await fixture.ask("POST", "/v1/sessions/import", { text: file });
  expect(imported.status).toBe(201);
  expect((await fixture.get(`notes/${name}/export`)).body).toBe(file);
  await until(async () => (await rowsOf("notes", name)) > 2);

  expect((await remove(`notes/${name}`, "?free=1")).status).toBe(200);
  expect(await fixture.call(name, "add", "y")).toMatchObject({ count: 1 });
  expect((await fixture.log(name)).map(({ seq }) => seq)[0]).toBe(1);
  await until(async () => (await rowsOf("notes", name)) > 2);
  const { body } = await fixture.get(`notes/${name}/log`);
  expect(body.items.filter(({ level }: { level: string }) => level === "error")).toEqual([]);
  expect((await remove(`notes/${name}`, "?free=2")).body.field).toBe("free");
});

test("DE3 RS3 an import that comes to nothing leaves a deleted address deleted, and so it is while one goes on", async () => {
  const name = fixture.name("gone");
  await fixture.ask("POST", `books/${name}/call/add`, { body: ["x"] });
  const file = (await fixture.get(`books/${name}/export`)).body as string;
  expect((await remove(`books/${name}`)).status).toBe(200);
  const expectGone = async () => {
    expect((await fixture.get(`books/${name}`)).status).toBe(404);
    expect((await fixture.ask("POST", `books/${name}/call/add`, { body: ["y"] })).status).toBe(404);
    const peer = await fixture.connect(name, { kind: "books" });
    expect((await peer.closed).code).toBe(4410);
  };
  const damaged = await fixture.ask("POST", "/v1/sessions/import", { text: file.slice(0, -20) });
  expect(damaged.status).toBe(400);
  await expectGone();
  await d1("held-inside");
  const bringing = fixture.ask("POST", "/v1/sessions/import", { text: file });
  await until(async () => (await fixture.get("/test/d1/held")).body > 0);
  await expectGone();
  await d1("up");
  expect((await bringing).status).toBe(201);
  expect((await fixture.get(`books/${name}/export`)).body).toBe(file);
});

test("DE5 a restore brings back what a backup of the record holds again, for whoever it belonged to", async () => {
  const name = fixture.name("gone");
  const [ada, bob] = ["ada", "bob"].map((user) => ({ headers: { "x-test-user": user } }));
  await fixture.ask("POST", `vaults/${name}/call/ask`, { body: ["hers"], ...ada });
  const exported = async () => (await fixture.ask("GET", `vaults/${name}/export`, ada)).body;
  const file = await exported();
  const database = await fixture.server.d1("SESSILE_RECORD");
  const tables = ["sessile_sessions", "session_events"];
  for (const table of tables)
    await database
      .prepare(`CREATE TABLE backup_${table} AS SELECT * FROM ${table} WHERE sessionId = 'vaults/${name}'`)
      .run();
  expect((await fixture.ask("DELETE", `vaults/${name}`, ada)).status).toBe(200);
  expect((await fixture.ask("POST", `vaults/${name}/restore`, ada)).status).toBe(404);

  await (await record()).readmitSession("vaults", name);
  for (const table of tables) {
    await database.prepare(`INSERT INTO ${table} SELECT * FROM backup_${table}`).run();
    await database.prepare(`DROP TABLE backup_${table}`).run();
  }
  expect((await fixture.ask("POST", `vaults/${name}/restore`, bob)).status).toBe(404);
  expect((await fixture.ask("POST", `vaults/${name}/restore`, ada)).status).toBe(201);
  expect(await exported()).toBe(file);
});

test("DE5 a deletion while an import brings the session back ends it, and spoils no later one", async () => {
  const name = fixture.name("gone");
  await fixture.ask("POST", `books/${name}/call/add`, { body: ["x"] });
  const file = (await fixture.get(`books/${name}/export`)).body as string;
  expect((await remove(`books/${name}`)).status).toBe(200);
  await d1("held-inside");
  const bringing = fixture.ask("POST", "/v1/sessions/import", { text: file });
  await until(async () => (await fixture.get("/test/d1/held")).body > 0);
  const removing = remove(`books/${name}`);
  // Time for it to arrive.
  for (let asked = 0; asked < 20; asked++) await fixture.get(`books/${name}`);
  await d1("up");
  expect((await removing).status).toBe(200);
  expect([404, 503]).toContain((await bringing).status);
  expect((await fixture.get(`books/${name}`)).status).toBe(404);
  expect(await rowsOf("books", name)).toBe(0);
  expect((await fixture.ask("POST", "/v1/sessions/import", { text: file })).status).toBe(201);
  expect((await fixture.get(`books/${name}/export`)).body).toBe(file);
  await fixture.ask("POST", `books/${name}/call/add`, { body: ["y"] });
});

/** A peer that has not heard yet that its session was deleted. Nothing is broadcast to it, so that no failed send ends it. */
async function deafPeer(
  kind: string,
  name: string,
  headers: Record<string, string> = {},
): Promise<RawSocket> {
  const peer = await fixture.connect(name, { kind, headers });
  await peer.greet({ events: false });
  peer.socket.pause();
  return peer;
}

test("DE5 WS28 what comes on a socket of a deleted session makes no other one", async () => {
  const name = fixture.name("gone");
  const headers = { "x-test-user": "ada" };
  const [closing, writing] = [
    await deafPeer("vaults", name, headers),
    await deafPeer("vaults", name, headers),
  ];
  expect((await fixture.ask("DELETE", `vaults/${name}?free=1`, { headers })).status).toBe(200);
  writing.send({ t: "do", commands: [{ id: "l", op: "call", method: "ask", args: ["late"] }] });
  for (const { socket } of [writing, closing]) socket.resume();
  for (const { closed } of [writing, closing]) expect((await closed).code).toBe(4410);
  // One that those had made would be nobody's, and not there for her.
  const asked = await fixture.ask("POST", `vaults/${name}/call/ask`, { body: ["hers"], headers });
  expect(asked.status).toBe(200);
});

test("DE5 WS28 what comes on a socket of a deleted session is not taken by the one that follows", async () => {
  const name = fixture.name("gone");
  const peer = await deafPeer("notes", name);
  expect((await remove(`notes/${name}`, "?free=1")).status).toBe(200);
  await fixture.call(name, "add", "new");
  peer.send({ t: "do", commands: [{ id: "l", op: "call", method: "add", args: ["late"] }] });
  peer.socket.resume();
  await peer.closed;
  expect(await fixture.call(name, "rows")).toEqual(["from the migration", "new"]);
});

test("DE6 what a deleted session had on its way to the record makes no row there; a later session of that name does", async () => {
  const name = fixture.name("gone");
  const kind = "notes";
  await fixture.call(name, "add", "x");
  await until(async () => (await rowsOf(kind, name)) > 2);
  const row = await (await record()).getSession(kind, name);
  await remove(`${kind}/${name}`);
  if (!row) throw new Error("no row");
  await expect((await record()).upsertSession(row)).rejects.toMatchObject({ code: "not_found" });
  expect(await (await record()).upsertSession({ ...row, createdAt: Date.now() + 1000 })).toBe(0);
});

test("DE1 a method that waits for a stream of the session to grow is told that the session is gone", async () => {
  const path = `chronicle/${fixture.name("gone")}`;
  await fixture.ask("POST", `${path}/call/open`, { body: ["s"] });
  const { lastSeq } = (await fixture.get(path)).body;
  const reading = fixture.ask("POST", `${path}/call/follow`, { body: ["s"] });
  await until(async () => (await fixture.get(path)).body.lastSeq > lastSeq);
  expect((await remove(path)).status).toBe(200);
  expect((await reading).status).toBe(404);
});

test("DE1 in ledger mode too, also while the record does not answer the session's own writes", async () => {
  const name = fixture.name("gone");
  await fixture.ask("POST", `books/${name}/call/add`, { body: ["x"] });
  await d1("down");
  const waiting = fixture.ask("POST", `books/${name}/call/add`, { body: ["y"] });
  await until(async () => (await fixture.get(`books/${name}/sync`)).body.staged > 0);
  expect((await remove(`books/${name}`)).status).toBe(503);
  expect((await waiting).status).toBe(404);
  await d1("up");
  expect((await remove(`books/${name}`)).status).toBe(200);
  expect(await rowsOf("books", name)).toBe(0);
  expect((await fixture.get(`books/${name}`)).status).toBe(404);
});

test("DE7 an idle session is deleted by itself; one that is used, watched or kept by its kind is not", async () => {
  const [watched, read, kept, idle] = ["brief", "brief", "brief-kept", "brief"].map((prefix) =>
    fixture.name(prefix),
  ) as [string, string, string, string];
  const begin = (name: string) => fixture.ask("POST", `chronicle/${name}/call/open`, { body: ["s"] });
  // Whoever is connected from the beginning is in time however busy the machine is.
  const [peer, first] = [
    await fixture.live(watched, { kind: "chronicle" }),
    await fixture.live(read, { kind: "chronicle" }),
  ];
  for (const name of [watched, read, kept]) await begin(name);
  const reader = new SocketReader(fixture, `chronicle/${read}/streams/s`);
  await until(() => reader.frames.length > 0);
  await first.close();
  await begin(idle);
  // Its row may have come and gone before anybody looks.
  await until(async () => (await fixture.get(`chronicle/${idle}`)).status === 404);
  expect(await rowsOf("chronicle", idle)).toBe(0);
  // All were looked at before it.
  for (const name of [watched, read, kept]) expect((await fixture.get(`chronicle/${name}`)).status).toBe(200);
  peer.socket.close();
  reader.socket.close();
  for (const name of [watched, read])
    await until(async () => (await fixture.get(`chronicle/${name}`)).status === 404);
});
