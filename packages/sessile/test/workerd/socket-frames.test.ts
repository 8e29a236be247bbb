import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RawSocket } from "./raw-socket.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

const hello = { t: "hello", v: 1 };
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

describe("hello", () => {
  test.each([
    ["pull", { t: "pull", after: 0 }],
    ["do", { t: "do", commands: [{ id: "a", op: "append", type: "note.said" }] }],
    ["signal", { t: "signal", signal: 1 }],
  ])("WS1 a %s frame before hello ends the connection and does nothing", async (_, frame) => {
    const name = fixture.name();
    const socket = await fixture.connect(name);
    socket.send(frame);
    expect(await socket.next("error")).toMatchObject({ error: { code: "bad_request", field: "t" } });
    expect((await socket.closed).code).toBe(4400);
    expect((await fixture.get(`notes/${name}`)).body.lastSeq).toBe(3);
  });

  test("WS1 a second hello ends the connection", async () => {
    const socket = await fixture.live(fixture.name());
    socket.send(hello);
    await socket.next("error");
    expect((await socket.closed).code).toBe(4400);
  });

  test("WS2 the welcome says who one is, where the log ends, and on a first visit what the session is", async () => {
    const name = fixture.name();
    const socket = await fixture.connect(name, { headers: { "x-test-user": "ann" } });
    const welcome = await socket.greet();
    const { body } = await fixture.get(`notes/${name}`);
    expect(welcome).toMatchObject({
      v: 1,
      peerId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      actor: { id: "ann", name: "Name of ann" },
      lastSeq: 3,
      createdAt: Date.parse(body.createdAt),
      view: { kind: "notes", name, lifecycle: "active", status: "new", lastSeq: 3 },
    });
    const other = await (await fixture.connect(name)).greet();
    expect(other.peerId).not.toBe(welcome.peerId);
    expect(other.actor).toBe(null);
  });

  test("WS3 a client that resumes gets what it missed and no view; from beyond the end it starts over", async () => {
    const name = fixture.name();
    await fixture.call(name, "add", "one");
    const resumed = await fixture.connect(name);
    expect(await resumed.greet({ after: 3 })).not.toHaveProperty("view");
    expect(resumed.events().map(({ seq }) => seq)).toEqual([4, 5]);
    const current = await fixture.connect(name);
    await current.greet({ after: 5 });
    expect(current.events()).toEqual([]);
    const beyond = await fixture.connect(name);
    expect(await beyond.greet({ after: 6 })).toMatchObject({ lastSeq: 5, view: { lastSeq: 5 } });
    expect(beyond.lastSeq).toBe(5);
  });

  test("WS4 history bounds the events of a first visit", async () => {
    const name = fixture.name();
    for (const text of ["a", "b", "c"]) await fixture.call(name, "add", text);
    const [none, some] = [await fixture.connect(name), await fixture.connect(name)];
    await none.greet({ history: 0 });
    expect(none.events()).toEqual([]);
    await some.greet({ history: 2 });
    expect(some.events().map(({ seq }) => seq)).toEqual([8, 9]);
  });
});

describe("bad frames", () => {
  test.each([
    ["is not JSON", "{"],
    ["is no object", "[]"],
    ["is null", "null"],
    ["has no type", "{}"],
    ["has an unknown type", '{"t":"shout"}'],
    ["has an unknown key", '{"t":"pull","after":0,"more":1}'],
    ["has a cursor below zero", '{"t":"pull","after":-1}'],
    ["has a cursor that is no whole number", '{"t":"pull","after":1.5}'],
    ["carries no commands", '{"t":"do","commands":[]}'],
    ["carries commands that are no array", '{"t":"do","commands":{"0":1}}'],
    ["has a __proto__ key", '{"t":"signal","signal":{"__proto__":{"admin":true}}}'],
    ["is nested too deeply", `{"t":"signal","signal":${nested(70)}}`],
    ["is the ping of another protocol", '"ping"'],
  ])("WS5 a frame that %s is answered with an error and 4400", async (_, text) => {
    const name = fixture.name();
    const [socket, bystander] = [await fixture.live(name), await fixture.live(name)];
    socket.sendText(text);
    const { error } = await socket.next("error");
    expect(["bad_request", "limit_exceeded"]).toContain(error.code);
    const closed = await socket.closed;
    expect(closed.code).toBe(4400);
    expect(closed.reason).toBe(error.message.slice(0, 120));
    expect(await bystander.do({ id: "b", op: "append", type: "note.said" })).toMatchObject([{ seq: 4 }]);
  });

  test("WS5 a hello of another version is refused", async () => {
    const socket = await fixture.connect(fixture.name());
    socket.send({ t: "hello", v: 2 });
    expect((await socket.closed).code).toBe(4400);
  });

  test("WS6 binary frames are refused", async () => {
    const socket = await fixture.live(fixture.name());
    socket.socket.send(Buffer.from('{"t":"pull","after":0}'), { binary: true });
    expect(await socket.next("error")).toMatchObject({ error: { code: "bad_request" } });
    expect((await socket.closed).code).toBe(4400);
  });

  test("WS7 a frame longer than the kind allows is refused by name of the limit", async () => {
    const socket = await fixture.live(fixture.name(), { kind: "tiny" });
    socket.send({ t: "signal", signal: "x".repeat(300_000) });
    expect(await socket.next("error")).toMatchObject({
      error: { code: "limit_exceeded", limit: "maxFrameChars" },
    });
    expect((await socket.closed).code).toBe(4400);
  });

  test("WS8 512 commands in a frame are taken, one more refuses the frame whole", async () => {
    const name = fixture.name();
    const socket = await fixture.live(name);
    const commands = (count: number, round: string) =>
      Array.from({ length: count }, (_, n) => ({ id: `${round}.0.${n}`, op: "append", type: "note.said" }));
    const acks = await socket.do(...commands(512, "fits"));
    expect(acks.map((ack) => "seq" in ack && ack.seq)).toEqual(commands(512, "").map((_, n) => n + 4));
    socket.send({ t: "do", commands: commands(513, "over") });
    expect(await socket.next("error")).toMatchObject({
      error: { code: "limit_exceeded", limit: "maxCommandsPerFrame" },
    });
    expect((await fixture.get(`notes/${name}`)).body.lastSeq).toBe(515);
  });
});

describe("commands", () => {
  test("WS9 a malformed command fails alone, and says which field", async () => {
    const socket = await fixture.live(fixture.name());
    const acks = await socket.do(
      { id: "ok", op: "append", type: "note.said" },
      { id: "op", op: "drop" },
      { id: "key", op: "append", type: "note.said", extra: 1 },
      { id: "type", op: "append", type: 7 },
      { id: "args", op: "call", method: "rows" },
      { id: "bad id", op: "append", type: "note.said" },
    );
    expect(acks.map((ack) => ("error" in ack ? ack.error.code : ack.seq))).toEqual([
      4,
      ...Array(5).fill("bad_request"),
    ]);
    expect(acks[3]).toMatchObject({ error: { field: "commands.3.type" } });
    socket.send({ t: "do", commands: [{ op: "append", type: "note.said" }, 5] });
    const { acks: nameless } = await socket.next("commit");
    expect(nameless).toMatchObject([
      { id: "", error: { code: "bad_request" } },
      { id: "", error: { code: "bad_request" } },
    ]);
  });

  test("WS10 an outcome comes with the commit it is in, and only its sender gets it", async () => {
    const name = fixture.name();
    const [sender, other] = [await fixture.live(name), await fixture.live(name)];
    sender.send({ t: "do", commands: [{ id: "a", op: "call", method: "add", args: ["x"] }] });
    const [own, theirs] = [await sender.next("commit"), await other.next("commit")];
    expect(own).toMatchObject({ acks: [{ id: "a", seq: 4, result: { count: 1, status: "new" } }] });
    expect(own.commit).toEqual(theirs.commit);
    expect(theirs).not.toHaveProperty("acks");
  });

  test("WS11 the same id from two sockets at once runs once, and both get its answer", async () => {
    const name = fixture.name();
    const sockets = await Promise.all([fixture.live(name), fixture.live(name), fixture.live(name)]);
    const command = { id: "same", op: "call", method: "add", args: ["x"] };
    const acks = (await Promise.all(sockets.map((socket) => socket.do(command)))).flat();
    const result = { count: 1, status: "new" };
    expect(acks.filter((ack) => "repeated" in ack)).toEqual(
      Array(2).fill({ id: "same", seq: 4, repeated: true, result }),
    );
    expect(acks.filter((ack) => !("repeated" in ack))).toEqual([{ id: "same", seq: 4, result }]);
  });

  test("WS12 a producer's ids belong to the actor who used them first", async () => {
    const name = fixture.name();
    const ann = await fixture.live(name, { headers: { "x-test-user": "ann" } });
    const ben = await fixture.live(name, { headers: { "x-test-user": "ben" } });
    const command = { id: "p.1.0", op: "append", type: "note.said" };
    expect(await ann.do(command)).toMatchObject([{ seq: 4 }]);
    expect(await ben.do(command)).toMatchObject([{ error: { code: "fenced" } }]);
    expect(await ann.do({ ...command, id: "p.0.9" })).toMatchObject([{ error: { code: "fenced" } }]);
  });

  test("WS13 past the mailbox's bound the connection ends with overloaded and when to come back", async () => {
    const name = fixture.name();
    const socket = await fixture.live(name, { kind: "tiny" });
    const commands = Array.from({ length: 12 }, (_, n) => ({
      id: `m.0.${n}`,
      op: "append",
      type: "card.moved",
    }));
    socket.send({ t: "do", commands });
    expect(await socket.next("error")).toMatchObject({
      error: { code: "overloaded", limit: "maxMailbox", retryAfterMs: 250 },
    });
    expect((await socket.closed).code).toBe(1012);
    const again = await fixture.live(name, { kind: "tiny" });
    const acks = await again.do(...commands.slice(0, 8));
    expect(acks.map((ack) => "seq" in ack && ack.seq)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await again.do(...commands.slice(8))).toMatchObject([
      { seq: 11 },
      { seq: 12 },
      { seq: 13 },
      { seq: 14 },
    ]);
  });

  test.each([
    ["", false],
    [", not even by the next instance", true],
  ])(
    "WS28 what was under way on a connection that the session has ended is not taken%s",
    async (_, evicts) => {
      const name = fixture.name();
      const socket = await fixture.live(name);
      // Reads nothing, so that the close stays unanswered.
      socket.socket.pause();
      socket.send("{");
      if (evicts) await fixture.evict(name);
      socket.send({ t: "do", commands: [{ id: "late.0.0", op: "append", type: "note.said" }] });
      socket.socket.resume();
      expect((await socket.closed).code).toBe(4400);
      expect((await fixture.get(`notes/${name}`)).body.lastSeq).toBe(3);
    },
  );
});

describe("refused sockets", () => {
  test.each([
    ["somebody unknown", "notes/private-1", {}, 4401, "unauthenticated"],
    ["somebody who may not", "notes/open-1", { "x-test-user": "mallory" }, 4403, "forbidden"],
    ["a kind that is not there", "none/x", {}, 4404, "not_found"],
    ["a malformed name", "notes/-x", {}, 4400, "bad_request"],
    ["a kind that is switched off", "unbound/x", {}, 4400, "not_configured"],
  ] as const)("WS14 for %s the socket is accepted and closed", async (_, path, headers, code, error) => {
    const socket = await RawSocket.open(fixture.at(path), { headers });
    expect(await socket.next("error")).toMatchObject({ error: { code: error } });
    expect((await socket.closed).code).toBe(code);
  });

  test("WS14 the same holds for the feed of the directory, which speaks no subprotocol", async () => {
    const socket = await RawSocket.open(fixture.at("/v1/sessions?kind=notes"), {
      protocols: [],
      headers: { "x-test-user": "mallory" },
    });
    expect((await socket.closed).code).toBe(4403);
  });
});
