import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commitOfShort, type Json } from "../../src/protocol/index.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

const say = (id: string, payload: unknown = null) => ({ id, op: "append", type: "note.said", payload });
const move = (id: string, payload: unknown = null) => ({ id, op: "append", type: "card.moved", payload });
const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1);

describe("catching up", () => {
  test("WS15 pages are pulled until there is no more, and live commits follow without gap or repeat", async () => {
    const name = fixture.name();
    const writer = await fixture.live(name, { kind: "tiny" });
    for (let n = 0; n < 40; n++) await writer.do(move(`before.0.${n}`, "x".repeat(200)));
    let writing = true;
    const written = (async () => {
      let n = 0;
      for (; writing; n++) await writer.do(move(`during.0.${n}`, "y".repeat(200)));
      return n;
    })();
    const readers = await Promise.all(upTo(5).map(() => fixture.connect(name, { kind: "tiny" })));
    await Promise.all(readers.map((reader) => reader.greet({ after: 0 })));
    await Promise.all(readers.map((reader) => reader.next("commit")));
    writing = false;
    const last = 42 + (await written);
    for (const reader of readers) {
      await reader.event(({ seq }) => seq === last);
      expect(reader.frames.filter(({ t }) => t === "events").length).toBeGreaterThan(3);
      expect(reader.events().map(({ seq }) => seq)).toEqual(upTo(last));
    }
  });

  test("WS16 while pages wait to be pulled a peer gets no live commits, also across an eviction", async () => {
    const name = fixture.name();
    const writer = await fixture.live(name, { kind: "tiny" });
    for (let n = 0; n < 20; n++) await writer.do(move(`p.0.${n}`, "x".repeat(200)));
    const reader = await fixture.connect(name, { kind: "tiny" });
    reader.send({ t: "hello", v: 1, after: 0 });
    expect((await reader.next("events")).more).toBe(true);
    await fixture.evict(name, "Tiny");
    await writer.do(move("p.0.20"));
    reader.send({ t: "pull", after: reader.lastSeq });
    await reader.catchUp();
    await writer.do(move("p.0.21"));
    await reader.event(({ seq }) => seq === 24);
    expect(reader.events().map(({ seq }) => seq)).toEqual(upTo(24));
  });

  test("ST27 who asks for short frames gets them, also after an eviction, and the others do not", async () => {
    const name = fixture.name();
    const writer = await fixture.live(name, { kind: "tiny" });
    const [long, short] = [
      await fixture.live(name, { kind: "tiny" }),
      await fixture.connect(name, { kind: "tiny" }),
    ];
    const { createdAt = 0 } = await short.greet({ history: 0, short: true });
    await writer.do({ id: "w.0.0", op: "setState", state: { text: "a long enough beginning" } });
    await fixture.evict(name, "Tiny");
    await writer.do({ id: "w.0.1", op: "setState", state: { text: "a long enough beginning, and on" } });
    await writer.do(move("w.0.2"));
    for (const reader of [long, short]) await reader.event(({ type }) => type === "card.moved");
    const changes = long.commits().filter(({ events }) => events[0]?.type === "state.changed");
    // Of the first, the whole is shorter than a patch.
    expect(changes).toHaveLength(2);
    const ofShort = (short.frames as unknown[]).filter((frame) => Array.isArray(frame));
    expect(ofShort.map((frame) => commitOfShort(frame as Json[], createdAt)?.commit)).toEqual(
      changes.slice(1),
    );
    expect((long.frames as unknown[]).some((frame) => Array.isArray(frame))).toBe(false);
  });

  test("WS17 a peer that does not read is told that it is behind, and catches up when it reads on", async () => {
    const name = fixture.name();
    const [writer, slow] = [
      await fixture.connect(name, { kind: "tiny" }),
      await fixture.live(name, { kind: "tiny" }),
    ];
    await writer.greet({ events: false });
    slow.socket.pause();
    const commits = 80;
    for (let n = 0; n < commits; n++) await writer.do(move(`p.0.${n}`, "z".repeat(250_000)));
    slow.socket.resume();
    const { lastSeq } = await slow.next("behind");
    expect(lastSeq).toBeLessThan(2 + commits);
    slow.send({ t: "pull", after: slow.lastSeq });
    await slow.catchUp();
    expect(slow.events().map(({ seq }) => seq)).toEqual(upTo(2 + commits));
    await writer.do(move("p.0.last"));
    await slow.event(({ seq }) => seq === 3 + commits);
  });

  test("WS27 a peer that asks on and reads nothing is sent away, and keeps no other waiting", async () => {
    const name = fixture.name();
    const [writer, deaf] = [
      await fixture.live(name, { kind: "tiny" }),
      await fixture.live(name, { kind: "tiny" }),
    ];
    await writer.do(move("long", "z".repeat(250_000)));
    const { seq } = await writer.event(({ clientEventId }) => clientEventId === "long");
    deaf.socket.pause();
    for (let n = 0; n < 100; n++) deaf.send({ t: "pull", after: seq - 1 });
    await writer.do(move("after"));
    deaf.socket.resume();
    const { error } = await deaf.next("error");
    expect(error).toMatchObject({ code: "overloaded", limit: "maxPeerBufferedBytes" });
    expect((await deaf.closed).code).toBe(1012);
  });

  test("WS18 a sending peer gets outcomes and nothing else", async () => {
    const name = fixture.name();
    const [sender, live] = [await fixture.connect(name), await fixture.live(name)];
    expect(await sender.greet({ events: false })).toHaveProperty("view");
    await live.do(say("other"));
    live.send({ t: "signal", signal: 1 });
    sender.send({ t: "pull", after: 0 });
    expect(await sender.do(say("own"))).toEqual([{ id: "own", seq: 5 }]);
    await fixture.evict(name);
    expect(await sender.do(say("own 2".replace(" ", "-")))).toEqual([{ id: "own-2", seq: 6 }]);
    expect(sender.frames.map(({ t }) => t)).toEqual(["welcome", "commit", "commit"]);
    expect(sender.events()).toEqual([]);
  });
});

describe("others", () => {
  test("WS19 a signal reaches the other live peers, carries who sent it, and is stored nowhere", async () => {
    const name = fixture.name();
    const [ann, ben] = [
      await fixture.connect(name, { headers: { "x-test-user": "ann" } }),
      await fixture.live(name),
    ];
    const { peerId } = await ann.greet();
    ann.send({ t: "signal", signal: "keep this to yourself" });
    ann.send({ t: "signal", signal: { typing: true } });
    expect(await ben.next("signal")).toEqual({
      t: "signal",
      from: { peerId, actor: { id: "ann", name: "Name of ann" } },
      signal: { typing: true },
    });
    await ann.do(say("a"));
    expect(ann.frames.filter(({ t }) => t === "signal")).toEqual([]);
    expect((await fixture.log(name)).map(({ seq }) => seq)).toEqual(upTo(4));
  });

  test("WS20 presence tells who is here, as they come and go; a sending peer is not", async () => {
    const name = fixture.name();
    const ann = await fixture.live(name, { headers: { "x-test-user": "ann" } });
    const ben = await fixture.live(name, { headers: { "x-test-user": "ben" } });
    const both = await ann.next("presence", ({ count }) => count === 2);
    expect(both.peers.map(({ actor }) => actor?.id).sort()).toEqual(["ann", "ben"]);
    const sender = await fixture.connect(name);
    await sender.greet({ events: false });
    await ben.close();
    const alone = await ann.next("presence", ({ count }) => count === 1);
    expect(alone.peers.map(({ actor }) => actor?.id)).toEqual(["ann"]);
  });

  test("WS21 ping is answered without waking the session", async () => {
    const name = fixture.name();
    const socket = await fixture.live(name);
    const instances = () => fixture.get(`/test/instances/${name}`);
    await fixture.evict(name);
    const before = (await instances()).body;
    socket.sendText("ping");
    await socket.next("pong" as never);
    expect((await instances()).body).toBe(before);
    await socket.do(say("awake"));
    expect((await instances()).body).toBe(before + 1);
  });

  test("WS22 a peer that slept through an eviction is live: it need not say hello again", async () => {
    const name = fixture.name();
    const [one, two] = [await fixture.live(name), await fixture.live(name)];
    for (let round = 0; round < 3; round++) {
      await fixture.evict(name);
      await one.do(say(`r${round}`));
      await two.event(({ clientEventId }) => clientEventId === `r${round}`);
    }
    expect(two.events().map(({ seq }) => seq)).toEqual(upTo(6));
    const { count } = await fixture.live(name).then(() => two.next("presence", (frame) => frame.count === 3));
    expect(count).toBe(3);
  });

  test("WS23 a socket closed by its client closes with the client's code", async () => {
    const socket = await fixture.live(fixture.name());
    expect(await socket.close(4001)).toMatchObject({ code: 4001 });
    const unnamed = await fixture.live(fixture.name());
    unnamed.socket.close();
    expect(await unnamed.closed).toMatchObject({ code: 1005 });
  });
});
