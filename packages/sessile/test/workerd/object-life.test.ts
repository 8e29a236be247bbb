import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

describe("creation", () => {
  test("OB1 the first access creates the session: created is event 1, active closes the same commit", async () => {
    const name = fixture.name();
    const { body } = await fixture.get(`tiny/${name}/events`);
    expect(body.items.map(({ seq, type }: { seq: number; type: string }) => [seq, type])).toEqual([
      [1, "session.created"],
      [2, "session.lifecycle_changed"],
    ]);
    expect(body.items[0]).toMatchObject({
      actor: null,
      payload: { kind: "tiny", name, state: { text: "" }, status: "on" },
    });
    const peer = await fixture.live(name, { kind: "tiny" });
    expect(peer.commits()).toHaveLength(1);
  });

  test("OB1 ten first accesses at once create one session", async () => {
    const name = fixture.name();
    const views = await Promise.all(Array.from({ length: 10 }, () => fixture.get(`notes/${name}`)));
    expect(new Set(views.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect((await fixture.log(name)).filter(({ type }) => type === "session.created")).toHaveLength(1);
  });

  test("OB2 a kind's migrations run in order, once, and before its first line of code", async () => {
    const name = fixture.name();
    const [, started] = await fixture.log(name);
    expect(started).toMatchObject({ type: "note.started", payload: { rows: ["from the migration"] } });
    await fixture.evict(name);
    await fixture.restart();
    expect(await fixture.call(name, "rows")).toEqual(["from the migration"]);
  });
});

describe("eviction and restart", () => {
  test("OB3 eviction changes nothing: view, log, tables and the cursor of a sleeping socket stay", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    await fixture.call(name, "add", "before");
    await peer.event(({ type }) => type === "state.changed");
    const instance = await fixture.call(name, "instance");
    const before = await everything(name);
    await fixture.evict(name);
    expect(await everything(name)).toEqual(before);
    expect(await fixture.call(name, "instance")).not.toBe(instance);
    await fixture.evict(name);
    await fixture.call(name, "add", "after");
    await peer.event(({ payload }) => JSON.stringify(payload) === '{"text":"after"}');
    expect(peer.events()).toEqual((await fixture.log(name)).map(withoutEventId));
  });

  test("OB3 commands that an eviction meets are applied once, if their sender sends them until answered", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    const acked = new Map<string, number>();
    for (let round = 0; round < 8; round++) {
      const commands = Array.from({ length: 20 }, (_, n) => ({
        id: `p.0.${round * 20 + n}`,
        op: "call",
        method: "add",
        args: [`${round}-${n}`],
      }));
      peer.send({ t: "do", commands: commands.slice(0, 10) });
      const evicted = fixture.evict(name);
      peer.send({ t: "do", commands: commands.slice(10) });
      await evicted;
      for (const ack of await peer.do(...commands)) acked.set(ack.id, "seq" in ack ? ack.seq : -1);
    }
    const added = (await fixture.log(name)).filter(({ type }) => type === "note.added");
    expect(added.map(({ clientEventId, seq }) => [clientEventId, seq])).toEqual([...acked]);
    expect((await fixture.get(`notes/${name}`)).body.state.count).toBe(160);
  });

  test("OB4 a restart keeps everything, to the byte", async () => {
    const name = fixture.name();
    await fixture.call(name, "add", "ä 🦪 𐍈");
    await fixture.call(name, "ask", "gate-1", Date.now() + 3_600_000);
    await fixture.ask("POST", `notes/${name}/status`, { body: { to: "open" } });
    const before = await everything(name);
    await fixture.restart();
    expect(await everything(name)).toEqual(before);
  });

  test("OB4 a value larger than a row is kept whole, over eviction and restart", async () => {
    const name = fixture.name();
    const text = "ö🦪".repeat(40_000);
    const { status } = await fixture.ask("POST", `tiny/${name}/events`, {
      body: { clientEventId: "large", type: "card.moved", payload: { text } },
    });
    expect(status).toBe(201);
    await fixture.evict(name, "Tiny");
    await fixture.restart();
    expect((await fixture.log(name, "tiny")).at(-1)?.payload).toEqual({ text });
  });
});

test("OB28 what onCommit writes is told to it again, up to 16 times, and the session goes on", async () => {
  const name = fixture.name();
  await fixture.call(name, "echo");
  expect((await fixture.get(`notes/${name}/state`)).body).toEqual({ text: "echo", count: 16 });
  const { items } = (await fixture.get(`notes/${name}/log`)).body;
  expect(items.filter(({ tag }: { tag: string }) => tag === "host")).toMatchObject([
    { message: "onCommit failed", attrs: { detail: expect.stringContaining("16 times") } },
  ]);
  expect(await fixture.call(name, "add", "more")).toMatchObject({ count: 17 });
});

describe("lifecycle", () => {
  test("OB5 a paused session is readable and takes no writes until it is resumed", async () => {
    const name = fixture.name();
    await fixture.ask("POST", `notes/${name}/lifecycle`, { body: { to: "paused" } });
    const refused = await fixture.ask("POST", `notes/${name}/call/add`, { body: ["no"] });
    expect(refused).toMatchObject({ status: 409, body: { code: "not_writable", current: "paused" } });
    expect((await fixture.get(`notes/${name}`)).body).toMatchObject({
      lifecycle: "paused",
      state: { count: 0 },
    });
    await fixture.ask("POST", `notes/${name}/lifecycle`, { body: { to: "active" } });
    expect(await fixture.call(name, "add", "yes")).toMatchObject({ count: 1 });
  });

  test("OB6 termination ends gates, timers and work in its own commit, and is final", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    await fixture.call(name, "ask", "g", null);
    await fixture.call(name, "remind", "t", Date.now() + 60_000, null);
    await fixture.call(name, "begin", "steps", "w", ["never"]);
    const held = await fixture.side.next("w/never");
    await fixture.ask("POST", `notes/${name}/lifecycle`, { body: { to: "terminated" } });
    await peer.event(({ payload }) => (payload as { to?: string }).to === "terminated");
    const commit = peer.commits().at(-1);
    expect(commit?.events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["gate.expired", "timer.cancelled", "work.failed", "session.lifecycle_changed"]),
    );
    held.answer("too late");
    for (const to of ["active", "paused", "initializing"]) {
      const { status, body } = await fixture.ask("POST", `notes/${name}/lifecycle`, { body: { to } });
      expect([status, body.code]).toEqual([409, "illegal_transition"]);
    }
    await fixture.evict(name);
    expect((await fixture.get(`notes/${name}`)).body).toMatchObject({
      lifecycle: "terminated",
      gates: {},
      work: {},
      lastSeq: peer.lastSeq,
    });
  });
});

/** What anybody can see of a session. */
async function everything(name: string): Promise<unknown> {
  const [view, events, rows, gates] = await Promise.all([
    fixture.get(`notes/${name}`),
    fixture.log(name),
    fixture.call(name, "rows"),
    fixture.get(`notes/${name}/gates`),
  ]);
  return { view: view.body, etag: view.headers.get("etag"), events, rows, gates: gates.body };
}

/** Frames leave the id to be computed from the session's address, which the raw socket does not do. */
function withoutEventId<T extends { readonly eventId: string }>(event: T): T {
  return { ...event, eventId: expect.any(String) as unknown as string };
}
