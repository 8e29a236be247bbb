import { describe, expect, test } from "vitest";
import { memoryOutbox, poll, SessionClient } from "../client/index.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { ScriptedServer } from "../testing/scripted-server.ts";
import { coalesce, frameMs } from "./coalesce.ts";
import { sessionSource } from "./session-source.ts";
import { drainWithinMs, lingerMs, SharedClients } from "./shared-clients.ts";

const address = { url: "https://s.test", kind: "note", name: "n1" };

function stage() {
  const clock = new FakeClock();
  const server = new ScriptedServer();
  const shared = new SharedClients(
    clock,
    (options) => new SessionClient({ ...options, WebSocket: server.WebSocket, clock }),
  );
  return { clock, server, shared };
}

describe("sharing", () => {
  test("CL29 components that name the same session share one connection, and the last to leave ends it", async () => {
    const { clock, server, shared } = stage();
    const releases = [shared.get(address).hold(), shared.get({ ...address, history: 3 }).hold()];
    for (const other of [{ name: "n2" }, { transport: poll() }, { outbox: memoryOutbox() }])
      expect(shared.get({ ...address, ...other })).not.toBe(shared.get(address));
    await settled();
    expect(server.pairs).toHaveLength(1);
    releases[0]?.();
    releases[0]?.();
    await clock.advanceAsync(3 * lingerMs);
    expect(server.pair.client.readyState).toBe(1);
    releases[1]?.();
    await clock.advanceAsync(lingerMs);
    expect(server.pair.client.readyState).toBe(3);
    expect(shared.size).toBe(0);
    expect(clock.waiting).toBe(0);
  });

  test("CL29 StrictMode's mount, unmount and mount again keep the connection", async () => {
    const { clock, server, shared } = stage();
    const first = shared.get(address).hold();
    first();
    const second = shared.get(address).hold();
    await clock.advanceAsync(3 * lingerMs);
    expect(server.pairs).toHaveLength(1);
    expect(server.pair.client.readyState).toBe(1);
    second();
  });

  test("CL29 what is rendered but never mounted connects nothing and is forgotten; mounted late, it works", async () => {
    const { clock, server, shared } = stage();
    const late = shared.get(address);
    await clock.advanceAsync(lingerMs);
    expect([server.pairs.length, shared.size]).toEqual([0, 0]);
    const release = late.hold();
    await settled();
    expect(late.client.getSnapshot().connection).toBe("live");
    expect(shared.get(address)).toBe(late);
    release();
  });

  test("CL29 commands still unanswered are handed over before the connection ends, within bounds", async () => {
    const { clock, server, shared } = stage();
    const { client, hold } = bound(shared);
    const release = hold();
    await settled();
    server.refuse = () => ({ code: "overloaded", message: "", retryAfterMs: 5_000 });
    const answer = client.append("note.added", 1);
    await settled();
    release();
    server.refuse = () => null;
    await clock.advanceAsync(5_000);
    expect((await answer).seq).toBe(3);
    await clock.advanceAsync(lingerMs);
    expect(server.pair.client.readyState).toBe(3);

    const again = bound(shared);
    const leave = again.hold();
    server.isAccepting = false;
    await settled();
    const lost = again.client.append("note.added", 2).catch((error: unknown) => error);
    leave();
    await clock.advanceAsync(drainWithinMs + lingerMs);
    expect(await lost).toMatchObject({ code: "unavailable" });
    expect(shared.size).toBe(0);
  });

  test("CL29 so are updates of the state that wait for a connection", async () => {
    const { clock, server, shared } = stage();
    const { client, hold } = bound(shared);
    const release = hold();
    await client.whenLive();
    server.isAccepting = false;
    server.pair.break();
    const answer = client.setState(() => ({ topic: "offline" }));
    await settled();
    expect(client.getSnapshot()).toMatchObject({
      state: { topic: "offline" },
      pending: [],
      unsentUpdates: 1,
    });
    release();
    await clock.advanceAsync(2 * lingerMs);
    server.isAccepting = true;
    await clock.advanceAsync(20_000);
    expect((await answer).seq).toBe(3);
    expect(server.view.state).toEqual({ topic: "offline" });
  });
});

describe("rendering", () => {
  test("CL30 a burst renders at most once per 16 ms, and ends with the newest", () => {
    const clock = new FakeClock();
    let notify = () => {};
    const renders: number[] = [];
    const stop = coalesce((listener) => {
      notify = listener;
      return () => {};
    }, clock)(() => renders.push(clock.now()));
    const start = clock.now();
    notify();
    expect(renders).toEqual([start]);
    for (let ms = 0; ms < 4 * frameMs; ms++) {
      notify();
      clock.advance(1);
    }
    clock.advance(1_000);
    expect(renders.map((at) => at - start)).toEqual([0, 16, 32, 48, 64]);
    notify();
    expect(renders).toHaveLength(6);
    stop();
    expect(clock.waiting).toBe(0);
  });

  test("CL30 a source connects while somebody listens and gives one stable snapshot per change", async () => {
    const { clock, server, shared } = stage();
    const source = sessionSource(shared.get(address), clock);
    expect(source.getSnapshot()).toMatchObject({ connection: "idle", view: undefined, events: [] });
    let renders = 0;
    const stop = source.subscribe(() => {
      renders += 1;
    });
    await clock.advanceAsync(100);
    expect(source.getSnapshot().connection).toBe("live");
    renders = 0;
    for (let n = 0; n < 50; n++) server.commit({ type: "message", payload: { text: `${n}` } });
    await settled();
    expect(renders).toBe(1);
    await clock.advanceAsync(frameMs);
    expect(renders).toBe(2);
    expect(source.getSnapshot()).toBe(source.getSnapshot());
    expect(source.getSnapshot().lastSeq).toBe(52);
    const sent = await source.send("hello");
    expect(server.log.at(-1)?.events[0]).toMatchObject({ type: "message", payload: { text: "hello" } });
    expect(sent.seq).toBe(53);
    stop();
  });
});

function bound(shared: SharedClients) {
  const entry = shared.get(address);
  return { client: entry.client, hold: () => entry.hold() };
}
