import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fixture } from "./start.ts";

let fixture: Fixture;
const said: string[] = [];
beforeAll(async () => {
  fixture = await Fixture.start({ log: ({ message }) => said.push(message) });
});
afterAll(() => fixture.stop());

const call = (id: string, method: string, ...args: readonly unknown[]) => ({ id, op: "call", method, args });
const append = (id: string, type = "note.said", payload: unknown = { id }) => ({
  id,
  op: "append",
  type,
  payload,
});

describe("one commit, many commands", () => {
  test("OB7 a failing command leaves nothing behind, in tables or in memory, and the others are committed", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    const acks = await peer.do(
      append("a"),
      call("b", "addThenThrow", "thrown"),
      call("c", "add", "kept"),
      call("d", "addThenRefuse", "refused, with a field", true),
      call("e", "addThenRefuse", "refused, without", false),
      { id: "f", op: "setStatus", to: "done" },
      call("g", "giveDate"),
      append("h", "session.created"),
      append("i", "note.empty", null),
      append("j"),
    );
    expect(acks.map((ack) => [ack.id, "error" in ack ? ack.error.code : ack.seq])).toEqual([
      ["a", 4],
      ["b", "internal"],
      ["c", 5],
      ["d", "rejected"],
      ["e", "rejected"],
      ["f", "illegal_transition"],
      ["g", "bad_request"],
      ["h", "bad_request"],
      ["i", "rejected"],
      ["j", 7],
    ]);
    expect(acks[2]).toMatchObject({ result: { count: 1 } });
    for (const _instance of ["this", "the next"]) {
      expect(await fixture.call(name, "rows")).toEqual(["from the migration", "kept"]);
      expect((await fixture.get(`notes/${name}`)).body).toMatchObject({
        state: { count: 1, text: "kept" },
        lastSeq: 7,
      });
      await fixture.evict(name);
    }
  });

  test.each([
    ["throws", "addThenThrow", ["x"]],
    ["refuses", "addThenRefuse", ["x", false]],
    ["refuses and names a field", "addThenRefuse", ["x", true]],
    ["answers what JSON cannot hold", "giveDate", []],
    ["hands out a promise", "sneaky", ["x"]],
  ])("OB7 a command alone in its commit that %s leaves nothing behind", async (_, method, args) => {
    const name = fixture.name();
    const before = (await fixture.get(`notes/${name}`)).body;
    const { status } = await fixture.ask("POST", `notes/${name}/call/${method}`, { body: args });
    expect(status).toBeGreaterThanOrEqual(400);
    expect((await fixture.get(`notes/${name}`)).body).toEqual(before);
    expect(await fixture.call(name, "rows")).toEqual(["from the migration"]);
  });

  test("OB8 a method that is not async but hands out a promise is refused", async () => {
    const peer = await fixture.live(fixture.name());
    const [sneaky, after] = await peer.do(call("a", "sneaky", "x"), call("b", "add", "y"));
    expect(sneaky).toMatchObject({ error: { code: "internal" } });
    expect(after).toMatchObject({ result: { count: 1 } });
  });

  test("OB9 a repeated id answers what the first answered, and runs nothing, also after an eviction", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    for (const id of ["foreign-id", "producer.0.0"]) {
      const [first] = await peer.do(call(id, "add", id));
      await fixture.evict(name);
      const repeats = await peer.do(call(id, "add", "something else"));
      expect(repeats).toEqual([{ ...first, repeated: true }]);
    }
    peer.send({ t: "do", commands: [append("twice"), append("twice")] });
    const { acks } = await peer.next("commit", (frame) => frame.acks?.length === 2);
    expect(acks?.map((ack) => "seq" in ack && [ack.seq, ack.repeated ?? false])).toEqual([
      [8, false],
      [8, true],
    ]);
    expect((await fixture.get(`notes/${name}`)).body.state.count).toBe(2);
  });

  test("OB29 arguments that do not fit the method's schema are refused by name, and change nothing", async () => {
    const name = fixture.name();
    expect(await fixture.call(name, "addChecked", "fits")).toMatchObject({ count: 1 });
    const before = (await fixture.get(`notes/${name}`)).body;
    const { status, body } = await fixture.ask("POST", `notes/${name}/call/addChecked`, { body: [7] });
    expect([status, body.code, body.field]).toEqual([400, "bad_request", "args[0]"]);
    expect((await fixture.get(`notes/${name}`)).body).toEqual(before);
  });

  test("OB10 OP2 what fails inside is told as internal, and only the operator log and the console know more", async () => {
    const name = fixture.name();
    for (const [method, secret] of [
      ["addThenThrow", "secret detail of inner"],
      ["breakSql", "no_such_table"],
      ["failLater", "secret detail, later"],
    ] as const) {
      const { status, body } = await fixture.ask("POST", `notes/${name}/call/${method}`, { body: ["inner"] });
      expect([status, body.code]).toEqual([500, "internal"]);
      expect(JSON.stringify(body)).not.toMatch(/secret|no_such_table|SQLITE|\bat .*:\d+/);
      const log = await fixture.get(`notes/${name}/log?level=error`);
      expect(JSON.stringify(log.body.items)).toContain(secret);
      const shown = new RegExp(`^notes/${name}: .*\\n.*${secret}.*\\n +at `);
      await expect.poll(() => said).toContainEqual(expect.stringMatching(shown));
    }
  });
});

describe("a commit that cannot be stored", () => {
  test("OB27 is answered with unavailable to everybody in it, leaves nothing, and is worth repeating", async () => {
    const name = fixture.name();
    const [peer, other] = [await fixture.live(name), await fixture.live(name)];
    const before = (await fixture.get(`notes/${name}`)).body;
    const acks = await peer.do(append("p.0.0"), call("p.0.1", "jam"), append("foreign"));
    expect(acks).toMatchObject(Array(3).fill({ error: { code: "unavailable", retryAfterMs: 1000 } }));
    expect((await fixture.get(`notes/${name}`)).body).toEqual(before);
    expect(await fixture.call(name, "rows")).toEqual(["from the migration"]);
    expect(await peer.do(append("p.0.0"), append("foreign"))).toEqual([
      { id: "p.0.0", seq: 4 },
      { id: "foreign", seq: 5 },
    ]);
    await other.event(({ seq }) => seq === 5);
    expect(other.events().map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });

  test("OB27 is a 503 over HTTP, with Retry-After", async () => {
    const { status, headers, body } = await fixture.ask("POST", `notes/${fixture.name()}/call/jam`);
    expect([status, headers.get("retry-after"), body.code, body.retryAfter]).toEqual([
      503,
      "1",
      "unavailable",
      1,
    ]);
    expect(JSON.stringify(body)).not.toContain("disk full");
  });
});

describe("asynchronous methods", () => {
  test("OB11 an asynchronous method runs beside the commits and does not hold them up", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    peer.send({ t: "do", commands: [call("slow", "addLater", "slow"), call("quick", "add", "quick")] });
    const arrival = await fixture.side.next("later/slow");
    await peer.next("commit", (frame) => frame.acks?.some(({ id }) => id === "quick") ?? false);
    arrival.answer("from outside");
    const { acks } = await peer.next(
      "commit",
      (frame) => frame.acks?.some(({ id }) => id === "slow") ?? false,
    );
    expect(acks).toMatchObject([{ id: "slow", result: "from outside" }]);
    expect(await fixture.call(name, "rows")).toEqual(["from the migration", "quick", "slow"]);
  });

  test("OB11 a repeat of an asynchronous call that still runs joins it", async () => {
    const peer = await fixture.live(fixture.name());
    peer.send({ t: "do", commands: [call("one", "addLater", "joined")] });
    const arrival = await fixture.side.next("later/joined");
    await peer.do(call("two", "add", "after"));
    peer.send({ t: "do", commands: [call("one", "addLater", "joined"), call("three", "rows")] });
    await peer.next("commit", (frame) => frame.acks?.some(({ id }) => id === "three") ?? false);
    arrival.answer(1);
    for (let answer = 0; answer < 2; answer++) {
      const { acks } = await peer.next(
        "commit",
        (frame) => frame.acks?.some(({ id }) => id === "one") ?? false,
      );
      expect(acks).toMatchObject([{ id: "one", result: 1 }]);
    }
    expect(fixture.side.timesAsked("later/joined")).toBe(1);
    expect(
      peer.events().filter(({ payload }) => JSON.stringify(payload) === '{"text":"joined"}'),
    ).toHaveLength(1);
  });
});

describe("asynchronous methods", () => {
  test("OB11 a repeat of an asynchronous call that has ended gets its answer and runs nothing", async () => {
    const peer = await fixture.live(fixture.name());
    peer.send({ t: "do", commands: [call("once", "addLater", "ended")] });
    (await fixture.side.next("later/ended")).answer("done");
    const answered = (frame: { acks?: readonly { id: string }[] }) =>
      frame.acks?.some(({ id }) => id === "once") ?? false;
    await peer.next("commit", answered);
    expect(await peer.do(call("once", "addLater", "ended"))).toMatchObject([
      { id: "once", result: "done", repeated: true },
    ]);
    expect(fixture.side.timesAsked("later/ended")).toBe(1);
  });

  test("OB11 what is too long to be remembered is told once, and runs no more for whoever asks again", async () => {
    const peer = await fixture.live(fixture.name());
    peer.send({ t: "do", commands: [call("long", "addLater", "long")] });
    (await fixture.side.next("later/long")).answer("x".repeat(1_100_000));
    const { acks } = await peer.next("commit", ({ acks }) => acks?.some(({ id }) => id === "long") ?? false);
    expect(acks).toMatchObject([{ result: "x".repeat(1_100_000) }]);
    expect(await peer.do(call("long", "addLater", "long"))).toMatchObject([{ error: { code: "fenced" } }]);
    expect(fixture.side.timesAsked("later/long")).toBe(1);
  });

  test("OB11 EO7 an asynchronous call that was refused for now runs again when it is repeated", async () => {
    const peer = await fixture.live(fixture.name());
    expect(await peer.do(call("r", "refuseFirst"))).toMatchObject([{ error: { code: "unavailable" } }]);
    expect(await peer.do(call("r", "refuseFirst"))).toMatchObject([{ id: "r", result: 2 }]);
    expect(await peer.do(call("r", "refuseFirst"))).toMatchObject([{ id: "r", result: 2, repeated: true }]);
  });

  test("OB14 what an asynchronous method writes before it waits carries its caller's name", async () => {
    const peer = await fixture.live(fixture.name(), { headers: { "x-test-user": "ann" } });
    await peer.do(call("a", "addThenWait", "early"));
    expect((await peer.event(({ type }) => type === "note.added")).actor).toMatchObject({ id: "ann" });
  });
});

test("ST3 a mutation of the state does not compile, throws, and is neither kept nor shown", async () => {
  const name = fixture.name();
  const peer = await fixture.live(name);
  expect(await peer.do(call("a", "mutate"), call("b", "add", "x"))).toMatchObject([
    { error: { code: "internal" } },
    { result: { count: 1 } },
  ]);
  await fixture.evict(name);
  expect((await fixture.get(`notes/${name}`)).body.state).toEqual({ count: 1, text: "x" });
});

describe("what can be called", () => {
  const names = [
    ...["plain", "plainField", "onRequest", "onCreate", "onTimer", "append", "setState", "sql", "log"],
    ...["handleSessionRequest", "fetch", "alarm", "webSocketMessage", "webSocketClose", "webSocketError"],
    ...["constructor", "__proto__", "prototype", "toString", "valueOf", "hasOwnProperty", "then", "call"],
    ...["__defineGetter__", "__lookupGetter__", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString"],
    ...["ctx", "env", "works", "migrations", "initialState", "limits", "#instance", "", "add ", "Add"],
  ];

  test("OB12 only methods marked callable can be reached, over sockets", async () => {
    const peer = await fixture.live(fixture.name());
    const acks = await peer.do(...names.map((method, n) => call(`c${n}`, method)));
    expect(acks.map((ack) => "error" in ack && ack.error.code)).toEqual(names.map(() => "not_found"));
    expect(peer.lastSeq).toBe(3);
  });

  test("OB12 no name that an object, its class or any prototype of it has reaches a method that is not marked", async () => {
    const source = readFileSync(new URL("fixture-notes.ts", import.meta.url), "utf8");
    const marked = [...source.matchAll(/readonly (\w+) = callable\(/g)].map(([, name]) => name);
    const name = fixture.name();
    const every = (await fixture.call(name, "everyName")) as string[];
    expect(every).toEqual(expect.arrayContaining(["everyName", "setState", "fetch", "constructor"]));
    const unmarked = every.filter((method) => !marked.includes(method));
    const peer = await fixture.live(name);
    const acks = await peer.do(...unmarked.map((method, n) => call(`every${n}`, method)));
    expect(acks.map((ack, n) => [unmarked[n], "error" in ack && ack.error.code])).toEqual(
      unmarked.map((method) => [method, "not_found"]),
    );
    expect(peer.lastSeq).toBe(3);
  });

  test("OB12 only methods marked callable can be reached, over HTTP", async () => {
    const name = fixture.name();
    for (const method of names) {
      const path = `notes/${name}/call/${encodeURIComponent(method)}`;
      const { status, body } = await fixture.ask("POST", path, { body: [] });
      expect([method, status, body.code]).toEqual([method, 404, "not_found"]);
    }
  });

  test("OB13 the object asks its own authorizer after the Worker's", async () => {
    const name = fixture.name();
    const headers = { "x-test-user": "outside" };
    const over = await fixture.ask("POST", `notes/${name}/call/add`, { body: ["x"], headers });
    expect(over).toMatchObject({ status: 403, body: { code: "forbidden" } });
    const peer = await fixture.live(name, { headers });
    expect(await peer.do(append("a"))).toMatchObject([{ error: { code: "forbidden" } }]);
    expect((await fixture.get(`notes/${name}`, headers)).status).toBe(200);
  });

  test("OB14 a method knows who calls, and its events carry that name", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name, { headers: { "x-test-user": "ann" } });
    const ann = { id: "ann", name: "Name of ann" };
    expect(await peer.do(call("a", "whoAmI"), call("b", "add", "x"))).toMatchObject([{ result: ann }, {}]);
    expect((await peer.event(({ type }) => type === "note.added")).actor).toEqual(ann);
    expect(await fixture.call(name, "whoAmI")).toBe(null);
  });
});
