import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../src/node/server/fixtures/processes.ts";
import {
  ExportReader,
  ExportWriter,
  readExport,
  recordedEventsOf,
  sessionKeyOf,
} from "../../src/protocol/index.ts";
import { Fixture } from "./start.ts";

let here: Fixture;
let there: Fixture;
beforeAll(async () => {
  [here, there] = await Promise.all([Fixture.start(), Fixture.start()]);
}, 90_000);
afterAll(() => Promise.all([here?.stop(), there?.stop()]));

const json = { "content-type": "application/json" };

async function grown(fixture: Fixture, pages = 30): Promise<string> {
  const name = fixture.name("d");
  const call = (method: string, args: unknown[], id: string, user: string) =>
    fixture.ask("POST", `diary/${name}/call/${method}`, {
      body: args,
      headers: { ...json, "idempotency-key": id, "x-test-user": user },
    });
  for (let n = 0; n < pages; n++) {
    const { status } = await call(
      "write",
      [`é\u{1f9ed}\\"\n${n}`],
      n % 2 ? `p.1.${n}` : `foreign-${n}`,
      n % 2 ? "ada" : "bob",
    );
    expect(status).toBe(200);
  }
  await call("fill", ["g"], "fill", "ada");
  // Nothing is left that time could seal in the middle of a test.
  await fixture.ask("POST", `diary/${name}/snapshots`);
  return name;
}

async function exported(fixture: Fixture, name: string): Promise<string> {
  const response = await fetch(fixture.at(`diary/${name}/export`));
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
  return response.text();
}

const imported = (fixture: Fixture, text: string) => fixture.ask("POST", "/v1/sessions/import", { text });

/** A good export of a kind that nobody serves. */
function stranger(): string {
  const [kind, name, at] = ["stranger", "a", Date.UTC(2026, 0, 1)];
  const created = { type: "session.created", payload: { kind, name, state: null, status: null } };
  const [event] = recordedEventsOf(
    { firstSeq: 1, at, actors: [], events: [created] },
    sessionKeyOf(kind, name),
  );
  const writer = new ExportWriter({ kind, name, createdAt: new Date(at).toISOString(), events: 1 });
  return writer.begin() + writer.event(event!) + writer.end();
}

async function* once(text: string) {
  yield text;
}

async function recorded(fixture: Fixture, name: string): Promise<{ seq: number; hash: string }> {
  let head: { seq: number; hash: string } | null = null;
  await until(async () => {
    const { body } = await fixture.get(`diary/${name}/head`);
    const view = await fixture.get(`diary/${name}`);
    head = body.head;
    return body.recordedSeq === view.body.lastSeq && body.head?.seq === body.recordedSeq;
  });
  return head as unknown as { seq: number; hash: string };
}

describe("export and import", () => {
  test("EX2 export, import elsewhere, export again gives the same bytes; results and ids go on working there", async () => {
    const name = await grown(here);
    const text = await exported(here, name);
    const answer = await imported(there, text);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    expect(await exported(there, name)).toBe(text);
    const [mine, theirs] = await Promise.all([here.get(`diary/${name}`), there.get(`diary/${name}`)]);
    expect(theirs.body).toEqual(mine.body);
    const repeat = await there.ask("POST", `diary/${name}/call/write`, {
      body: ["again"],
      headers: { ...json, "idempotency-key": "foreign-2", "x-test-user": "bob" },
    });
    expect(repeat.body).toMatchObject({ repeated: true, result: { pages: 3 } });
    const gates = await there.get(`diary/${name}/gates`);
    expect(gates.body).toEqual((await here.get(`diary/${name}/gates`)).body);
    expect((await there.ask("POST", `diary/${name}/call/write`, { body: ["new"] })).body.result).toEqual({
      pages: 31,
    });
    expect((await recorded(there, name)).seq).toBeGreaterThan(text.split("\n").length - 3);
  });

  test("EX3 a file that is damaged anywhere imports nothing, and the address stays free", async () => {
    const name = await grown(here, 12);
    const text = await exported(here, name);
    const lines = text.split("\n");
    const damaged = [
      text.replace("page.written", "page.WRITTEN"),
      lines.toSpliced(5, 1).join("\n"),
      `${lines.slice(0, -2).join("\n")}\n`,
      text.slice(0, -10),
      "{}\n",
      " ",
    ];
    for (const file of damaged) {
      const { status, body } = await imported(there, file);
      expect([status, body.code]).toEqual([400, "bad_request"]);
      expect(body.detail).toMatch(/^Line \d+: .*Nothing was imported\.$/);
    }
    expect((await imported(there, text)).status).toBe(201);
    expect(await exported(there, name)).toBe(text);
  });

  test("RS4 an import needs admin, a known kind and a free address", async () => {
    const name = await grown(here, 3);
    const text = await exported(here, name);
    expect((await imported(here, text)).body).toMatchObject({ code: "conflict" });
    const reader = await there.ask("POST", "/v1/sessions/import", {
      text,
      headers: { "x-test-user": "reader" },
    });
    expect(reader.status).toBe(403);
    expect((await imported(there, stranger())).status).toBe(404);
    expect((await imported(there, text)).status).toBe(201);
    expect((await imported(there, text)).status).toBe(409);
  });

  test("EX6 the head in the record is the head of the export, once the record has caught up", async () => {
    const name = await grown(here, 15);
    const head = await recorded(here, name);
    const reader = new ExportReader();
    for await (const _event of readExport(once(await exported(here, name)), reader)) void _event;
    expect(reader.head).toEqual(head);
    await here.evict(name, "Diary");
    await here.ask("POST", `diary/${name}/call/write`, { body: ["after the wake"] });
    expect((await recorded(here, name)).seq).toBeGreaterThan(head.seq);
  });
});

describe("restore", () => {
  test("RS5 a session whose tables are gone is rebuilt from the record alone and exports the same bytes", async () => {
    const name = await grown(here, 20);
    await recorded(here, name);
    const text = await exported(here, name);
    await here.ask("POST", `/test/forget/${name}`);
    const { status, body } = await here.ask("POST", `diary/${name}/restore`);
    expect([status, body]).toMatchObject([201, { kind: "diary", name, events: text.split("\n").length - 3 }]);
    expect(await exported(here, name)).toBe(text);
    await here.restart();
    expect(await exported(here, name)).toBe(text);
    await here.ask("POST", `diary/${name}/call/write`, { body: ["on it goes"] });
    await recorded(here, name);
  });

  test("RS5 somebody who opened the lost session first is no hindrance", async () => {
    const name = await grown(here, 5);
    await recorded(here, name);
    const text = await exported(here, name);
    await here.ask("POST", `/test/forget/${name}`);
    const peer = await here.live(name, { kind: "diary" });
    expect((await here.get(`diary/${name}`)).body.lastSeq).toBe(2);
    expect((await here.ask("POST", `diary/${name}/restore`)).status).toBe(201);
    expect(await exported(here, name)).toBe(text);
    await peer.closed;
  });

  test("RS5 what was never recorded, or still is there, is not restored", async () => {
    expect((await here.ask("POST", `diary/${here.name("never")}/restore`)).status).toBe(404);
    const name = await grown(here, 2);
    await recorded(here, name);
    expect((await here.ask("POST", `diary/${name}/restore`)).status).toBe(409);
  });
});
