import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../src/node/server/fixtures/processes.ts";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { createD1Record, type SessionRecord } from "../../src/record/index.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterEach(() => d1("up"));
afterAll(() => fixture.stop());

const kind = "books";
const d1 = (state: "up" | "down" | "lost" | "held") => fixture.ask("POST", `/test/d1/${state}`);

/** The same database as the sessions', from outside. */
async function record(): Promise<SessionRecord> {
  return createD1Record(await fixture.server.d1("SESSILE_RECORD"));
}

const recordedSeq = async (name: string) => (await record()).recordedSeq(kind, name);

async function call(name: string, method: string, ...args: readonly unknown[]) {
  return fixture.ask("POST", `${kind}/${name}/call/${method}`, { body: args });
}

/** The record holds exactly the log, which has each text once. */
async function expectRecorded(name: string, texts: readonly string[]): Promise<void> {
  const log = await fixture.log(name, kind);
  const { events } = await (await record()).readEvents(kind, name, { limit: 1000 });
  expect(events.map((event) => ({ ...event, result: undefined }))).toEqual(log);
  const added = log.filter(({ type }) => type === "entry.added");
  expect(added.map(({ payload }) => (payload as { text: string }).text).sort()).toEqual([...texts].sort());
}

/** The highest seq that any way of reading shows. */
async function shownSeqs(name: string): Promise<number[]> {
  const [view, page, snapshots, exported, pretty] = await Promise.all([
    fixture.get(`${kind}/${name}`),
    fixture.get(`${kind}/${name}/events?limit=1000`),
    fixture.get(`${kind}/${name}/snapshots`),
    fixture.get(`${kind}/${name}/export`),
    fixture.get(`/${kind}/${name}`),
  ]);
  const lines = String(exported.body).trim().split("\n").length;
  return [
    view.body.lastSeq,
    page.body.lastSeq,
    ...page.body.items.map(({ seq }: SessionEvent) => seq),
    ...snapshots.body.items.map(({ toSeq }: { toSeq: number }) => toSeq + 1),
    // Without manifest and trailer.
    lines - 2,
    pretty.body.lastSeq,
  ];
}

describe("ledger", () => {
  test("LM1 LM2 LM3 LM10 nothing shows before the record holds it, commands see what is staged, and a batch is one frame", async () => {
    const name = fixture.name("held");
    await call(name, "add", "first");
    const known = (await fixture.get(`${kind}/${name}`)).body.lastSeq as number;
    const [writer, reader] = [await fixture.live(name, { kind }), await fixture.live(name, { kind })];
    const heard = async () => (await fixture.get(`/test/commits/${name}`)).body as number[];
    const heardBefore = await heard();
    await d1("held");
    writer.send({ t: "do", commands: [{ id: "w.1.0", op: "call", method: "add", args: ["a"] }] });
    const http = call(name, "addLater", "over http");
    // Each waits for the one before, so they are commits of their own.
    for (let n = 1; n <= 3; n++) {
      writer.send({ t: "do", commands: [{ id: `w.1.${n}`, op: "call", method: "add", args: [`b${n}`] }] });
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    writer.send({ t: "do", commands: [{ id: "w.1.4", op: "call", method: "ask", args: ["g"] }] });
    // A refusal tells what is staged, so it waits too.
    writer.send({
      t: "do",
      commands: [{ id: "w.1.5", op: "setStatus", to: "closed", expectedVersion: 999 }],
    });
    const suffix = fixture.get(`/${kind}/${name}/count`);
    const late = await fixture.connect(name, { kind });
    expect((await late.greet()).lastSeq).toBe(known);
    for (let round = 0; round < 5; round++) {
      for (const seq of await shownSeqs(name)) expect(seq).toBeLessThanOrEqual(known);
    }
    expect((await fixture.get(`${kind}/${name}/state`)).body).toEqual({ count: 1 });
    expect((await fixture.get(`${kind}/${name}/gates`)).body.items).toEqual([]);
    expect(await heard()).toEqual(heardBefore);
    for (const peer of [writer, reader, late]) expect(peer.lastSeq).toBe(known);
    expect(writer.frames.some((frame) => frame.t === "commit")).toBe(false);

    await d1("up");
    const acks = new Map<string, unknown>();
    while (acks.size < 6) {
      const frame = await writer.next("commit");
      for (const ack of frame.acks ?? []) acks.set(ack.id, "error" in ack ? ack.error.code : ack.result);
    }
    // The async one may have run at any place between the others.
    const counts = [...acks.values()].filter((value) => typeof value === "number").sort();
    const { body } = await http;
    expect([...counts, body.result].sort()).toEqual([2, 3, 4, 5, 6]);
    expect([acks.get("w.1.4"), acks.get("w.1.5")]).toEqual(["g", "conflict"]);
    expect((await suffix).body.count).toBeGreaterThan(1);
    await reader.event(({ type }) => type === "gate.opened");
    const frames = reader.frames.filter((frame) => frame.t === "commit");
    expect(frames.length).toBeLessThanOrEqual(3);
    expect(frames.some((frame) => "commits" in frame && (frame.commits?.length ?? 0) > 1)).toBe(true);
    expect((await fixture.get(`${kind}/${name}/gates`)).body.items).toMatchObject([
      { gateId: "g", outcome: null },
    ]);
    await until(async () => (await heard()).length > heardBefore.length);
    await expectRecorded(name, ["first", "a", "b1", "b2", "b3", "over http"]);
    const { events: window } = { events: reader.events() };
    expect(window.map(({ seq }) => seq)).toEqual(window.map((_, index) => index + 1));
  });

  test("LM4 what a killed server had staged is sent again by itself, once", async () => {
    const name = fixture.name("killed");
    await call(name, "add", "first");
    const [writer, reader] = [await fixture.live(name, { kind }), await fixture.live(name, { kind })];
    await d1("held");
    for (let n = 0; n < 3; n++)
      writer.send({ t: "do", commands: [{ id: `w.1.${n}`, op: "call", method: "add", args: [`a${n}`] }] });
    // Frames of one socket keep their order: who is told of this knows that the commands are staged.
    writer.send({ t: "signal", signal: "sent" });
    await reader.next("signal");
    await fixture.crash();
    // Nobody asks for it: the alarm does.
    await until(async () => (await recordedSeq(name)) === 11);
    const peer = await fixture.live(name, { kind });
    expect(await peer.do({ id: "w.1.1", op: "call", method: "add", args: ["a1"] })).toMatchObject([
      { id: "w.1.1", repeated: true, result: 3 },
    ]);
    await expectRecorded(name, ["first", "a0", "a1", "a2"]);
  });

  test("LM5 LM14 a batch that was recorded while its answer was lost is recognised, also by another instance", async () => {
    const name = fixture.name("lost");
    await call(name, "add", "first");
    const writer = await fixture.live(name, { kind });
    const before = await recordedSeq(name);
    await d1("lost");
    writer.send({ t: "do", commands: [{ id: "w.1.0", op: "call", method: "add", args: ["a"] }] });
    await until(async () => (await recordedSeq(name)) > before);
    expect((await fixture.get(`${kind}/${name}`)).body.lastSeq).toBe(before);
    await fixture.evict(name, "Books");
    await d1("up");
    // Whom it owed the answer it has forgotten: who was there is sent away, comes back and asks again.
    expect((await writer.closed).code).toBe(1012);
    await until(async () => (await fixture.get(`${kind}/${name}`)).body.lastSeq === before + 2);
    const again = await fixture.live(name, { kind });
    expect(await again.do({ id: "w.1.0", op: "call", method: "add", args: ["a"] })).toMatchObject([
      { id: "w.1.0", repeated: true, result: 2 },
    ]);
    await expectRecorded(name, ["first", "a"]);
  });

  test("LM5 a batch whose answer never comes is given up and sent again", async () => {
    const name = fixture.name("hung");
    await call(name, "add", "first");
    await d1("held");
    const pending = call(name, "add", "a");
    await until(async () => (await fixture.get(`${kind}/${name}/sync`)).body.staged > 0);
    const statuses: number[] = [];
    await until(() => {
      if (statuses.length === 0) void call(name, "add", "b").then(({ status }) => statuses.push(status));
      return new Promise((resolve) => setTimeout(() => resolve(statuses.includes(503)), 250));
    });
    await d1("up");
    expect((await pending).status).toBe(200);
    await until(async () => (await call(name, "add", "c")).status === 200);
    const texts = (await fixture.log(name, kind)).flatMap(({ type, payload }) =>
      type === "entry.added" ? [(payload as { text: string }).text] : [],
    );
    expect(texts.slice(0, 2)).toEqual(["first", "a"]);
    await expectRecorded(name, texts);
  });

  test("LM6 LM7 LM12 an outage refuses commands and nothing else, and ends by itself; mirror mode does not feel it", async () => {
    const [name, mirrored] = [fixture.name("outage"), fixture.name("mirrored")];
    await call(name, "add", "first");
    await fixture.call(mirrored, "add", "first");
    const [writer, reader] = [await fixture.live(name, { kind }), await fixture.live(name, { kind })];
    const known = reader.lastSeq;
    await d1("down");
    const pending = call(name, "add", "pending");
    await until(async () => (await call(name, "add", "refused")).status === 503);
    const refused = await call(name, "add", "refused");
    expect(refused.body).toMatchObject({ code: "unavailable" });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    writer.send({ t: "do", commands: [{ id: "w.1.0", op: "call", method: "add", args: ["refused"] }] });
    expect((await writer.next("error")).error).toMatchObject({
      code: "unavailable",
      retryAfterMs: expect.any(Number),
    });
    expect((await writer.closed).code).toBe(1012);
    for (const seq of await shownSeqs(name)) expect(seq).toBeLessThanOrEqual(known);
    expect((await (await fixture.connect(name, { kind })).greet()).lastSeq).toBe(known);
    expect(await fixture.call(mirrored, "add", "second")).toMatchObject({ count: 2 });
    expect((await fixture.get(`${kind}/${name}/log?tag=record`)).body.items[0]).toMatchObject({
      level: "warn",
    });
    await d1("up");
    // Nobody sends anything: it tries again by itself.
    expect((await pending).status).toBe(200);
    await reader.event(({ seq }) => seq === known + 2);
    expect((await call(name, "add", "after")).status).toBe(200);
    const texts = (await fixture.log(name, kind)).filter(({ type }) => type === "entry.added");
    expect(texts.length).toBeGreaterThanOrEqual(3);
    expect(texts.map(({ payload }) => (payload as { text: string }).text)).not.toContain("refused");
  });

  test("LM8 a record that contradicts the log freezes writes, says so to operators, and reading goes on", async () => {
    const name = fixture.name("contradicted");
    await call(name, "add", "first");
    const known = (await fixture.get(`${kind}/${name}`)).body.lastSeq as number;
    const copy = await record();
    const { events } = await copy.readEvents(kind, name, { after: known - 1 });
    const last = events[0] as SessionEvent;
    const forged = {
      ...last,
      seq: known + 1,
      eventId: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
      clientEventId: "forged",
    };
    await copy.appendEvents({ kind, name, fromSeq: known + 1, events: [forged] });
    expect((await call(name, "add", "second")).body).toMatchObject({ code: "conflict" });
    expect((await call(name, "add", "third")).body).toMatchObject({ code: "conflict" });
    const peer = await fixture.live(name, { kind });
    expect(peer.lastSeq).toBe(known);
    expect(await peer.do({ id: "w.1.0", op: "call", method: "add", args: ["x"] })).toMatchObject([
      { error: { code: "conflict" } },
    ]);
    for (const seq of await shownSeqs(name)) expect(seq).toBeLessThanOrEqual(known);
    // What the kind's own code says may rest on what is not recorded.
    expect((await fixture.get(`/${kind}/${name}/suffix`)).body).toMatchObject({
      status: 409,
      code: "conflict",
    });
    expect((await fixture.get(`${kind}/${name}/log?tag=record&level=error`)).body.items[0].message).toMatch(
      /frozen/,
    );
  });

  test("LM9 each instance takes a higher epoch, and the one before it is fenced", async () => {
    const name = fixture.name("epoch");
    await call(name, "add", "first");
    const copy = await record();
    const first = (await copy.getSession(kind, name))?.epoch ?? 0;
    await fixture.evict(name, "Books");
    await call(name, "add", "second");
    expect((await copy.getSession(kind, name))?.epoch).toBeGreaterThan(first);
    const events = (await fixture.log(name, kind))
      .slice(-1)
      .map((event) => ({ ...event, seq: event.seq + 1 }));
    const stale = copy.appendEvents({ kind, name, fromSeq: events[0]?.seq ?? 0, events, epoch: first });
    await expect(stale).rejects.toMatchObject({ code: "fenced" });
    // A writer that is newer than this instance has taken over.
    const row = await copy.getSession(kind, name);
    if (!row) throw new Error("no row");
    await copy.upsertSession({ ...row, lastSeq: row.lastSeq + 5, epoch: Date.now() + 1_000_000 });
    expect((await call(name, "add", "third")).body).toMatchObject({ code: "fenced" });
  });

  test("LM10 the directory follows what is recorded", async () => {
    const name = fixture.name("listed");
    await call(name, "add", "first");
    await fixture.ask("POST", `${kind}/${name}/status`, { body: { to: "closed" } });
    const row = async () => (await fixture.get(`/v1/sessions?kind=${kind}&q=${name}`)).body.items[0];
    await until(async () => (await row())?.status === "closed");
    await call(name, "add", "second");
    await until(async () => (await row())?.facts.count === 2);
    expect((await row()).lastSeq).toBe(await recordedSeq(name));
  });

  test("LM11 a session shows once its creation is recorded", async () => {
    const name = fixture.name("unborn");
    await d1("down");
    await until(async () => (await fixture.get(`${kind}/${name}`)).status === 503);
    const socket = await fixture.connect(name, { kind });
    expect((await socket.next("error")).error.code).toBe("unavailable");
    expect((await socket.closed).code).toBe(1012);
    await d1("up");
    await until(async () => (await fixture.get(`${kind}/${name}`)).status === 200);
    expect((await fixture.get(`${kind}/${name}`)).body).toMatchObject({
      lifecycle: "active",
      state: { count: 0 },
    });
  });
});
