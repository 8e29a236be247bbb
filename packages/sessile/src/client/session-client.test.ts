import { afterEach, describe, expect, test } from "vitest";
import type { SessionContract, WireError } from "../protocol/index.ts";
import { SessileError } from "../protocol/index.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { ScriptedServer, type ScriptedServerOptions } from "../testing/scripted-server.ts";
import { connect, type SessionClient, type SessionClientOptions } from "./index.ts";

interface Note extends SessionContract {
  readonly eventTypes?: { readonly "note.added": { readonly text: string } };
  readonly initialState: { readonly title: string };
}

const clients: SessionClient<Note>[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

function open(options: Partial<SessionClientOptions> = {}, serverOptions: ScriptedServerOptions = {}) {
  const clock = new FakeClock();
  /** What the machine says is so many milliseconds behind what has passed. */
  const setBack = { ms: 0 };
  const server = new ScriptedServer({ state: { title: "first" }, ...serverOptions });
  const client = connect<Note>({
    url: "https://sessions.test/base/",
    kind: "note",
    name: "n1",
    WebSocket: server.WebSocket,
    clock: { ...clock, now: () => clock.now() - setBack.ms },
    random: () => 0.5,
    producer: "me",
    ...options,
  });
  clients.push(client);
  return { clock, setBack, server, client };
}

const note = (text: string) => ({ type: "note.added", payload: { text } });
const seqs = (client: SessionClient<Note>) => client.getSnapshot().events.map(({ seq }) => seq);

describe("connecting", () => {
  test("CL1 asks for the view and the latest events first, and after a loss for what it missed", async () => {
    const { clock, server, client } = open({ history: 3 });
    await client.whenLive();
    expect(server.pair.client.url).toBe("wss://sessions.test/base/v1/sessions/note/n1");
    expect(server.pair.client.protocols).toEqual(["sessile.v1"]);
    server.commit(note("one"));
    await settled();
    server.pair.break();
    server.commit(note("two"));
    await clock.advanceAsync(1_000);
    const hellos = server.frames.filter(({ t }) => t === "hello");
    expect(hellos).toEqual([
      { t: "hello", v: 1, history: 3, short: true },
      { t: "hello", v: 1, history: 3, after: 3, short: true },
    ]);
    expect(seqs(client)).toEqual([1, 2, 3, 4]);
  });

  test("CL13 a terminal close code ends it, and every promise with the reason", async () => {
    const { clock, server, client } = open();
    await client.whenLive();
    server.refuse = () => ({ code: "overloaded", message: "later" });
    const answer = client.append("note.added", { text: "x" });
    server.pair.server.close(4403, "No access to n1.");
    await expect(answer).rejects.toMatchObject({ code: "forbidden", message: "No access to n1." });
    await clock.advanceAsync(60_000);
    expect(server.pairs).toHaveLength(1);
    expect(clock.waiting).toBe(0);
    expect(client.getSnapshot()).toMatchObject({ connection: "closed", error: { code: "forbidden" } });
    await expect(client.whenLive()).rejects.toMatchObject({ code: "forbidden" });
    await expect(client.append("note.added", { text: "y" })).rejects.toMatchObject({ code: "forbidden" });
    client.start();
    await client.whenLive();
    expect(client.getSnapshot()).toMatchObject({ connection: "live", error: null });
  });

  test("CL10 finds a socket that died in silence within 30 s", async () => {
    const { clock, server, client } = open();
    await client.whenLive();
    server.pair.silence();
    await clock.advanceAsync(29_999);
    expect(server.pairs).toHaveLength(1);
    await clock.advanceAsync(1_000);
    expect(server.pairs).toHaveLength(2);
    await client.whenLive();
  });

  test("CL32 a clock that is set back delays neither the next attempt nor a ping", async () => {
    const { clock, setBack, server, client } = open();
    await client.whenLive();
    server.pair.break();
    await settled();
    setBack.ms = 3_600_000;
    await clock.advanceAsync(15_000);
    expect(server.pairs).toHaveLength(2);
    await client.whenLive();
    setBack.ms *= 2;
    server.pair.silence();
    await clock.advanceAsync(30_500);
    expect(server.pairs).toHaveLength(3);
    await client.whenLive();
  });

  test("CL10 a quiet session stays connected", async () => {
    const { clock, server, client } = open();
    await client.whenLive();
    await clock.advanceAsync(600_000);
    expect(server.pairs).toHaveLength(1);
    expect(server.pair.client.sent.filter((text) => text === "ping").length).toBeGreaterThan(40);
    expect(client.getSnapshot().connection).toBe("live");
  });
});

describe("following", () => {
  test("CL6 a wiped server makes it start over", async () => {
    const { clock, server, client } = open();
    await client.whenLive();
    server.commit(note("one"), note("two"));
    await settled();
    server.wipe();
    await clock.advanceAsync(1_000);
    expect(client.getSnapshot().view).toEqual(server.view);
    expect(seqs(client)).toEqual([1, 2]);
  });

  test("CL6 a wiped server whose new log is longer is told from the old one by when it was created", async () => {
    const { clock, server, client } = open();
    await client.whenLive();
    server.wipe();
    server.commit(note("a"), note("b"), note("c"));
    await clock.advanceAsync(1_000);
    expect(client.getSnapshot().view).toEqual(server.view);
    expect(seqs(client)).toEqual([1, 2, 3, 4, 5]);
  });

  test("ST21 a patch for another state makes the client fetch the view anew, and nobody sees an error", async () => {
    const { clock, server, client } = open();
    await client.whenLive();
    server.commit({ type: "state.changed", payload: { base: 1, patch: [["=", ["title"], "second"]] } });
    await settled();
    expect(client.getSnapshot().state).toEqual({ title: "second" });
    const payload = { base: 2, patch: [["=", ["title"], "not the server's"]] };
    const events = [{ type: "state.changed", payload }];
    server.send({
      t: "commit",
      commit: { firstSeq: server.lastSeq + 1, at: 0, actors: [], events },
    } as never);
    await clock.advanceAsync(1_000);
    expect(server.frames.filter(({ t }) => t === "hello")).toHaveLength(2);
    expect(client.getSnapshot()).toMatchObject({
      connection: "live",
      state: { title: "second" },
      error: null,
    });
  });

  test("CL5 pulls when told that it is behind", async () => {
    const { server, client } = open();
    await client.whenLive();
    server.log.push({ firstSeq: 3, at: 1, actors: [], events: [note("missed")] });
    server.send({ t: "behind", lastSeq: 3 });
    await settled();
    expect(server.frames.at(-1)).toEqual({ t: "pull", after: 2 });
    expect(client.getSnapshot()).toMatchObject({ connection: "live", lastSeq: 3 });
  });

  test("CL22 the snapshot stays the same object until something changes, and listeners hear once a frame", async () => {
    const { server, client } = open();
    await client.whenLive();
    let calls = 0;
    client.subscribe(() => {
      calls += 1;
    });
    const before = client.getSnapshot();
    expect(client.getSnapshot()).toBe(before);
    server.commit(...Array.from({ length: 100 }, (_, n) => note(`n${n}`)));
    await settled();
    expect(calls).toBe(1);
    const after = client.getSnapshot();
    expect(after).not.toBe(before);
    expect(after.events).toHaveLength(102);
    expect(after.state).toBe(before.state);
    expect(Object.isFrozen(after) && Object.isFrozen(after.events) && Object.isFrozen(after.events[0])).toBe(
      true,
    );
    server.send({ t: "presence", count: 1, peers: [{ peerId: "p", actor: null }] } as never);
    await settled();
    expect(client.getSnapshot().events).toBe(after.events);
    expect(client.getSnapshot().presence.count).toBe(1);
  });

  test("CL22 a listener that throws stops neither the others nor the connection", async () => {
    const { server, client } = open();
    await client.whenLive();
    const uncaught = new Promise((resolve) => process.once("uncaughtException", resolve));
    const others = process.listeners("uncaughtException").filter((_, index, all) => index < all.length - 1);
    for (const other of others) process.off("uncaughtException", other);
    let calls = 0;
    const off = client.subscribe(() => {
      throw new Error("broken listener");
    });
    client.subscribe(() => {
      calls += 1;
    });
    server.commit(note("one"));
    await expect(uncaught).resolves.toMatchObject({ message: "broken listener" });
    for (const other of others) process.on("uncaughtException", other);
    off();
    server.commit(note("two"));
    await settled();
    expect(calls).toBe(2);
    expect(client.getSnapshot().lastSeq).toBe(4);
  });

  test("CL23 keeps the latest maxEvents without a gap", async () => {
    const { server, client } = open({ maxEvents: 10 });
    await client.whenLive();
    for (let n = 0; n < 200; n++) server.commit(note(`n${n}`));
    await settled();
    while (client.getSnapshot().lastSeq < 202) await settled();
    expect(seqs(client)).toEqual([193, 194, 195, 196, 197, 198, 199, 200, 201, 202]);
  });

  test("CL23 an iterator gives every event once and ends with the client; one that is too slow is told so", async () => {
    const { server, client } = open({ maxEvents: 50 });
    await client.whenLive();
    const read: number[] = [];
    const reading = (async () => {
      for await (const event of client.events) read.push(event.seq);
    })();
    const slow = client.events[Symbol.asyncIterator]();
    await slow.next();
    for (let n = 0; n < 60; n++) {
      server.commit(note("x"));
      await settled();
    }
    client.close();
    await reading;
    expect(read).toEqual(Array.from({ length: 62 }, (_, index) => index + 1));
    await slow.next();
    await expect(slow.next()).rejects.toMatchObject({ code: "limit_exceeded" });
  });
});

describe("commands", () => {
  test("CL16 a tick's commands leave in one frame, and CL19 resolve with their answers", async () => {
    const { server, client } = open();
    await client.whenLive();
    const answers = [1, 2, 3].map((n) => client.append("note.added", { text: `n${n}` }));
    expect(client.getSnapshot().pending.map(({ id }) => id)).toEqual(["me.0.0", "me.0.1", "me.0.2"]);
    expect(await Promise.all(answers)).toEqual(
      [3, 4, 5].map((seq) => ({ seq, repeated: false, result: undefined })),
    );
    expect(server.frames.filter(({ t }) => t === "do")).toHaveLength(1);
    expect(client.getSnapshot().pending).toEqual([]);
    expect(client.getSnapshot().lastSeq).toBe(5);
  });

  test("CL17 commands given while away go out in order once back, and are applied once", async () => {
    const { clock, server, client } = open();
    await client.whenLive();
    const sent = client.append("note.added", { text: "arrives, its answer does not" });
    await null;
    server.pair.server.flush();
    server.pair.break();
    const queued = [client.append("note.added", { text: "a" }), client.setState({ title: "b" })];
    await clock.advanceAsync(1_000);
    expect(await sent).toMatchObject({ seq: 3, repeated: true });
    expect(await Promise.all(queued)).toMatchObject([{ seq: 4 }, { seq: 5 }]);
    const ids = client.getSnapshot().events.map(({ clientEventId }) => clientEventId);
    expect(ids).toEqual([null, null, "me.0.0", "me.0.1", "me.0.2"]);
    expect(client.getSnapshot().state).toEqual({ title: "b" });
  });

  test("CL18 a busy server is asked again after the time it names, and the caller sees only the answer", async () => {
    const { clock, server, client } = open();
    await client.whenLive();
    const busy: WireError = { code: "overloaded", message: "busy", retryAfterMs: 700 };
    server.refuse = () => busy;
    const answers = [client.append("note.added", { text: "a" }), client.append("note.added", { text: "b" })];
    await settled();
    const third = client.append("note.added", { text: "c" });
    server.refuse = () => null;
    await clock.advanceAsync(699);
    expect(server.lastSeq).toBe(2);
    await clock.advanceAsync(1);
    expect(await Promise.all([...answers, third])).toMatchObject([{ seq: 3 }, { seq: 4 }, { seq: 5 }]);
    expect(server.log.at(-1)?.events.map(({ clientEventId }) => clientEventId)).toEqual([
      "me.0.0",
      "me.0.1",
      "me.0.2",
    ]);
  });

  test.each([1, 3_600_000])("CL32 CL18 a clock that is set back by %i ms delays no retry", async (ms) => {
    const { clock, setBack, server, client } = open();
    await client.whenLive();
    const refused: string[] = [];
    server.refuse = ({ id }) => {
      refused.push(id ?? "");
      return { code: "overloaded", message: "busy", retryAfterMs: 700 };
    };
    const answer = client.append("note.added", { text: "a" });
    await settled();
    setBack.ms = ms;
    await clock.advanceAsync(1_000);
    expect(refused).toHaveLength(2);
    server.refuse = () => null;
    await clock.advanceAsync(1_000);
    expect(await answer).toMatchObject({ seq: 3 });
  });

  test("CL32 a command tells when it was given by the machine's clock", async () => {
    const { clock, setBack, client } = open();
    await client.whenLive();
    setBack.ms = 3_600_000;
    void client.append("note.added", { text: "a" });
    expect(client.getSnapshot().pending[0]?.queuedAt).toBe(clock.now() - 3_600_000);
    await settled();
  });

  test("CL19 a refusal rejects with the server's typed error", async () => {
    const { server, client } = open();
    await client.whenLive();
    server.refuse = () => ({ code: "precondition_failed", message: "changed", currentVersion: 9 });
    const answer = client.setState({ title: "x" }, { ifVersion: 1 });
    await expect(answer).rejects.toBeInstanceOf(SessileError);
    await expect(answer).rejects.toMatchObject({
      code: "precondition_failed",
      details: { currentVersion: 9 },
    });
    expect(client.getSnapshot().pending).toEqual([]);
  });

  test("CL19 what was answered is pending no longer than until a view is had anew", async () => {
    const { clock, server, client } = open();
    await client.whenLive();
    server.refuse = () => ({ code: "rejected", message: "answered already" });
    const answer = client.setState({ title: "b" });
    server.send({ t: "commit", acks: [{ id: "me.0.0", seq: 9 }] } as never);
    expect(await answer).toMatchObject({ seq: 9 });
    expect(client.getSnapshot().pending).toHaveLength(1);
    server.refuse = () => null;
    server.wipe();
    await clock.advanceAsync(1_000);
    await client.whenLive();
    expect(client.getSnapshot().pending).toEqual([]);
    await client.setState(({ title }) => ({ title: `${title} and more` }));
    expect(client.getSnapshot().state).toEqual({ title: "first and more" });
  });

  test("CL20 what cannot be sent is refused at once and never queued", async () => {
    const { client } = open({ maxQueued: 1 });
    await expect(client.append("note.added", { text: Number.NaN as never })).rejects.toMatchObject({
      code: "bad_request",
    });
    await expect(client.append("status.changed" as "note.added", { text: "" })).rejects.toMatchObject({
      code: "bad_request",
    });
    const first = client.append("note.added", { text: "a" });
    await expect(client.append("note.added", { text: "b" })).rejects.toMatchObject({
      code: "limit_exceeded",
    });
    expect((await first).seq).toBe(3);
    expect((await client.append("note.added", { text: "c" })).seq).toBe(4);
  });

  test("CL21 closing rejects what is unanswered and leaves no timer behind", async () => {
    const { clock, client } = open();
    const answer = client.append("note.added", { text: "a" });
    client.close();
    await expect(answer).rejects.toMatchObject({ code: "unavailable" });
    expect(clock.waiting).toBe(0);
    expect(client.getSnapshot()).toMatchObject({ connection: "closed", pending: [], error: null });
  });

  test("CL25 call gives the method's result, and awaiting the proxy calls nothing", async () => {
    const { server, client } = open();
    await client.whenLive();
    const call = client.call as unknown as { rename(title: string): Promise<unknown> };
    expect(await call).toBe(call);
    expect(await call.rename("x")).toEqual(["x"]);
    expect(server.frames.filter(({ t }) => t === "do")).toHaveLength(1);
  });

  test("CL26 a client without events sends commands and gets answers", async () => {
    const { server, client } = open({ events: false });
    expect((await client.append("note.added", { text: "a" })).seq).toBe(3);
    expect(server.frames[0]).toMatchObject({ t: "hello", events: false });
    expect(client.getSnapshot()).toMatchObject({
      connection: "live",
      view: undefined,
      events: [],
      pending: [],
    });
  });

  test("CL24 signals pass only while connected", async () => {
    const { server, client } = open();
    expect(client.signal({ typing: true })).toBe(false);
    await client.whenLive();
    const heard: unknown[] = [];
    client.onSignal((event) => heard.push(event));
    expect(client.signal({ typing: true })).toBe(true);
    server.send({ t: "signal", from: { peerId: "p2", actor: null }, signal: { typing: false } } as never);
    await settled();
    expect(server.frames.at(-1)).toEqual({ t: "signal", signal: { typing: true } });
    expect(heard).toEqual([{ from: { peerId: "p2", actor: null }, signal: { typing: false } }]);
  });
});
