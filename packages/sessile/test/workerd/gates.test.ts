import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connect, GateInbox, type InboxItem, type SocketConstructor } from "../../src/client/index.ts";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { type Callable, hashOf, type SessionContract } from "../../src/protocol/index.ts";
import { createD1Record } from "../../src/record/index.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterEach(() => d1("up"));
afterAll(() => fixture.stop());

const d1 = (state: "up" | "down" | "held") => fixture.ask("POST", `/test/d1/${state}`);
const as = (user: string) => ({ headers: { "x-test-user": user } });
const call = { name: "isolate-host", arguments: { host: "srv-1" } };
const later = () => Date.now() + 3_600_000;

const askFor = (name: string, request: object = {}) =>
  fixture.call(name, "askFor", { gateId: "g", title: "Isolate srv-1?", call, ...request });
const answer = (name: string, user: string, body: object, gateId = "g", kind = "notes") =>
  fixture.ask("POST", `${kind}/${name}/gates/${gateId}`, { body, ...as(user) });
const gate = async (name: string, gateId = "g") => (await fixture.get(`notes/${name}/gates/${gateId}`)).body;
const types = async (name: string) => (await fixture.log(name)).map(({ type }) => type);

/** A person on one device: what they see of a session, and what they answer. */
function device(name: string, user: string) {
  class Socket extends WebSocket {
    constructor(url: string) {
      super(url, ["sessile.v1"], { headers: { "x-test-user": user } });
    }
  }
  const client = connect<SessionContract & { readonly decide: Callable<string[]> }>({
    url: fixture.url,
    kind: "notes",
    name,
    WebSocket: Socket as unknown as SocketConstructor,
  });
  const gates = () => Object.keys(client.getSnapshot().view?.gates ?? {});
  return { client, gates, sees: (gateId: string) => until(async () => gates().includes(gateId)) };
}

describe("one session", () => {
  test("GA25 a gate that one device has shown is answered from another after the first is gone, for every device", async () => {
    const name = fixture.name();
    const [phone, laptop] = [device(name, "ann"), device(name, "ben")];
    await askFor(name, { isEditable: true });
    await Promise.all([phone.sees("g"), laptop.sees("g")]);
    phone.client.close();
    await laptop.client.answerGate("g", "approve", {
      argumentsHash: hashOf(call.arguments),
      arguments: { host: "srv-2" },
      comment: "the other one",
    });
    await fixture.evict(name);
    expect(await fixture.call(name, "mayRun", "g", call.name, call.arguments)).toEqual({ host: "srv-2" });
    expect(await gate(name)).toMatchObject({
      call,
      outcome: {
        status: "answered",
        answer: "approve",
        comment: "the other one",
        by: { id: "ben", name: "Name of ben" },
        via: "websocket",
        arguments: { host: "srv-2" },
        argumentsHash: hashOf({ host: "srv-2" }),
      },
    });
    const back = device(name, "ann");
    await back.client.whenLive();
    expect(back.gates()).toEqual([]);
    for (const { client } of [laptop, back]) client.close();
  });

  test("GA25 GA12 GA20 of two approvers one is heard; the other is told by whom, and the trail has one answer with who, when and over what", async () => {
    const name = fixture.name();
    const people = [device(name, "ann"), device(name, "ben")];
    await askFor(name);
    await Promise.all(people.map(({ sees }) => sees("g")));
    const ends = await Promise.allSettled([
      people[0]?.client.answerGate("g", "approve"),
      people[1]?.client.answerGate("g", "reject"),
    ]);
    const { outcome } = await gate(name);
    const lost = ends.find((end) => end.status === "rejected");
    expect(lost?.reason).toMatchObject({
      code: "gate_closed",
      message: expect.stringContaining(`by Name of ${outcome.by.id}`),
      details: { current: outcome.answer, gate: { status: "answered", by: outcome.by, at: outcome.at } },
    });
    const trail = (await fixture.log(name)).filter(({ type }) => type === "gate.answered");
    expect(trail).toMatchObject([
      { actor: outcome.by, payload: { answer: outcome.answer, via: "websocket" } },
    ]);
    expect(outcome.by.id).toBe(outcome.answer === "approve" ? "ann" : "ben");
    for (const { client } of people) client.close();
  });

  test("GA13 GA14 a gate escalates and expires while everybody sleeps; the trail tells a time-out from a no", async () => {
    const name = fixture.name();
    const peer = await fixture.live(name);
    const [at, expiresAt] = [Date.now() + 150, Date.now() + 500];
    await askFor(name, { eligible: ["ann"], escalation: { at, to: ["ben"] }, expiresAt, default: "reject" });
    await fixture.evict(name);
    await peer.event(({ type }) => type === "gate.expired");
    expect((await types(name)).filter((type) => /^(gate|decision)\./.test(type))).toEqual([
      "gate.opened",
      "gate.escalated",
      "decision.escalated",
      "gate.expired",
      "decision.made",
    ]);
    const { outcome } = await gate(name);
    expect(outcome).toMatchObject({ status: "expired", reason: "time", default: "reject" });
    expect(await answer(name, "ann", { answer: "approve" })).toMatchObject({
      status: 409,
      body: { code: "gate_closed", gate: { status: "expired", default: "reject" } },
    });
    expect(
      await fixture.ask("POST", `notes/${name}/call/mayRun`, { body: ["g", call.name, call.arguments] }),
    ).toMatchObject({ status: 403 });
  });

  test("GA19 a method that answers in somebody's name needs their right to approve", async () => {
    const name = fixture.name();
    await askFor(name);
    const decide = (user: string) =>
      fixture.ask("POST", `notes/${name}/call/decide`, { body: ["g", "approve"], ...as(user) });
    expect(await decide("no-approver")).toMatchObject({ status: 403, body: { code: "forbidden" } });
    expect((await gate(name)).outcome).toBeNull();
    expect((await decide("ann")).status).toBe(200);
    expect((await gate(name)).outcome).toMatchObject({ by: { id: "ann" }, via: "http" });
  });

  test("GA19 and so says the worker's authorizer, whatever the call comes over", async () => {
    const name = fixture.name();
    await askFor(name);
    const refused = { code: "forbidden", message: "You may not approve in this session." };
    const decide = { op: "call", method: "decide", args: ["g", "approve"] };
    const writer = as("only-write");
    expect(
      await fixture.ask("POST", `notes/${name}/call/decide`, { body: decide.args, ...writer }),
    ).toMatchObject({ status: 403, body: { code: "forbidden" } });
    const commands = [{ ...decide, id: "over-http" }];
    expect(
      await fixture.ask("POST", `notes/${name}/commands`, { body: { commands }, ...writer }),
    ).toMatchObject({
      body: { items: [{ id: "over-http", error: refused }] },
    });
    const socket = device(name, "not-approver");
    await socket.sees("g");
    await expect(socket.client.call.decide("g", "approve")).rejects.toMatchObject(refused);
    socket.client.close();
    expect((await gate(name)).outcome).toBeNull();
  });

  test("GA19 and so says the owner of a session that is shared", async () => {
    const name = fixture.name();
    const call = (method: string, user: string) =>
      fixture.ask("POST", `vaults/${name}/call/${method}`, { body: ["g"], ...as(user) });
    expect((await call("ask", "ann")).status).toBe(200);
    const body = { members: { ben: ["read", "write"] } };
    expect((await fixture.ask("POST", `vaults/${name}/access`, { body, ...as("ann") })).status).toBe(200);
    expect(await call("decide", "ben")).toMatchObject({ status: 403, body: { code: "forbidden" } });
    expect((await call("decide", "ann")).status).toBe(200);
  });

  test("GA12 GA20 a forged answer changes nothing and is told why", async () => {
    const name = fixture.name();
    await askFor(name);
    const { body: before } = await fixture.get(`notes/${name}`);
    const forged: [object, number, object][] = [
      [{ answer: "yes" }, 400, { field: "answer" }],
      [{ answer: "approve", argumentsHash: hashOf({}) }, 412, { current: hashOf(call.arguments) }],
      [{ answer: "approve", arguments: { host: "dc-1" } }, 400, { field: "arguments" }],
      [{ answer: "approve", result: { done: true } }, 400, { field: "result" }],
    ];
    for (const [body, status, told] of forged)
      expect(await answer(name, "ann", body)).toMatchObject({ status, body: told });
    expect((await answer(name, "outside", { answer: "approve" })).status).toBe(403);
    expect((await fixture.get(`notes/${name}`)).body.lastSeq).toBe(before.lastSeq);
    const headers = { "x-test-user": "ann", "x-test-address": "203.0.113.7" };
    await fixture.ask("POST", `notes/${name}/gates/g`, { body: { answer: "approve" }, headers });
    // Operators see each attempt that got as far as the session.
    const noted = (await fixture.get(`notes/${name}/log?tag=gates`)).body.items;
    expect(JSON.stringify([noted, await fixture.log(name)])).not.toContain("203.0.113.7");
    expect(noted.map(({ attrs }: { attrs: unknown }) => attrs)).toMatchObject([
      { refusal: null, client: expect.stringMatching(/^\S{16,}$/) },
      { gateId: "g", by: "ann", via: "http", refusal: "bad_request" },
      { refusal: "bad_request" },
      { refusal: "precondition_failed" },
      { refusal: "bad_request" },
    ]);
  });
});

describe("always allow", () => {
  test("GA15 GA17 what was remembered beside an approval answers the next such call, is listed, and is revoked", async () => {
    const name = fixture.name();
    await askFor(name);
    await answer(name, "ann", { answer: "approve", remember: { match: "tool" } });
    const { items } = (await fixture.get(`notes/${name}/policies`)).body;
    expect(items).toMatchObject([{ tool: call.name, by: { id: "ann" } }]);
    await askFor(name, { gateId: "h", call: { ...call, arguments: { host: "srv-9" } } });
    const policy = { policyId: items[0].policyId, scope: "session", by: { id: "ann" } };
    expect((await gate(name, "h")).outcome).toMatchObject({ by: null, via: "policy", policy });
    const path = `notes/${name}/policies/${items[0].policyId}`;
    expect((await fixture.ask("DELETE", path, as("only-write"))).status).toBe(403);
    expect((await fixture.ask("DELETE", path, as("ben"))).status).toBe(200);
    await askFor(name, { gateId: "i" });
    expect((await gate(name, "i")).outcome).toBeNull();
    expect(await types(name)).toContain("gate.policy_revoked");
  });

  const shared = (body: object, user: string) =>
    fixture.ask("POST", "/v1/gates/policies", { body: { kind: "notes", ...body }, ...as(user) });
  const revoke = (policyId: string, user: string) =>
    fixture.ask("DELETE", `/v1/gates/policies/${policyId}`, as(user));

  test("GA21 a user's policy answers calls on their behalf in every session, and no others, until it is revoked", async () => {
    const tool = `t-${fixture.name()}`;
    const { status, body: policy } = await shared(
      { scope: "user", tool, arguments: { host: "srv-*" } },
      "uma",
    );
    expect([status, policy]).toMatchObject([201, { by: { id: "uma" }, revokedAt: null }]);
    const open = async (request: object) => {
      const name = fixture.name();
      const peer = await fixture.live(name);
      await askFor(name, { call: { ...call, name: tool }, ...request });
      return { name, peer };
    };
    const mine = await open({ requestedBy: "uma" });
    await mine.peer.event(({ type }) => type === "gate.answered");
    expect((await gate(mine.name)).outcome).toMatchObject({
      by: null,
      via: "policy",
      policy: { policyId: policy.policyId, scope: "user", by: { id: "uma" } },
    });
    const others = await open({ requestedBy: "ben" });
    const elsewhere = await open({ requestedBy: "uma", call: { name: tool, arguments: { host: "dc-1" } } });
    const notFor = await open({ requestedBy: "uma", eligible: ["ben"] });
    expect((await revoke(policy.policyId, "only-approve")).status).toBe(404);
    expect((await revoke(policy.policyId, "uma")).body).toMatchObject({ revokedBy: { id: "uma" } });
    const after = await open({ requestedBy: "uma" });
    // Asked for after all of them, and answered: they were looked at and left alone.
    const kindWide = await shared({ scope: "kind", tool: `${tool}-2` }, "ann");
    const last = await open({ call: { ...call, name: `${tool}-2` } });
    await last.peer.event(({ type }) => type === "gate.answered");
    for (const { name } of [others, elsewhere, notFor, after]) expect((await gate(name)).outcome).toBeNull();
    const listed = (await fixture.get("/v1/gates/policies?kind=notes", { "x-test-user": "ann" })).body.items;
    expect(listed.map(({ policyId }: { policyId: string }) => policyId)).toEqual(
      expect.arrayContaining([policy.policyId, kindWide.body.policyId]),
    );
    await revoke(kindWide.body.policyId, "ann");
  });

  test("GA21 GA16 a policy for everybody needs the right to administer, and its maker's right to approve where it answers", async () => {
    const tool = `t-${fixture.name()}`;
    expect((await shared({ scope: "kind", tool }, "only-approve")).status).toBe(403);
    expect((await shared({ scope: "user", tool }, "only-write")).status).toBe(403);
    expect((await shared({ scope: "kind", tool, kind: "none" }, "ann")).status).toBe(404);
    expect((await shared({ scope: "session", tool }, "ann")).body).toMatchObject({ field: "body.scope" });
    const nobody = await fixture.ask("POST", "/v1/gates/policies", {
      body: { kind: "notes", scope: "user", tool },
    });
    expect(nobody.status).toBe(401);
    // The object's own authorizer lets this one only read.
    const weak = await shared({ scope: "kind", tool }, "outside");
    const later = await shared({ scope: "kind", tool: `${tool}-2` }, "ann");
    const name = fixture.name();
    const peer = await fixture.live(name);
    const answered = (gateId: string) =>
      peer.event(
        ({ type, payload }) => type === "gate.answered" && (payload as { gateId: string }).gateId === gateId,
      );
    await askFor(name, { call: { ...call, name: tool } });
    // Asked for after it, and answered: it was looked at and left alone before the strong policy was there.
    await askFor(name, { gateId: "later", call: { ...call, name: `${tool}-2` } });
    await answered("later");
    const strong = await shared({ scope: "kind", tool }, "ann");
    await askFor(name, { gateId: "h", call: { ...call, name: tool } });
    await answered("h");
    expect((await gate(name)).outcome).toBeNull();
    expect((await gate(name, "h")).outcome.policy.policyId).toBe(strong.body.policyId);
    for (const { body } of [weak, later, strong]) await revoke(body.policyId, "ann");
  });

  test("GA21 while D1 does not answer the gate waits for a person, and a person may answer it", async () => {
    const tool = `t-${fixture.name()}`;
    const { body: policy } = await shared({ scope: "kind", tool }, "ann");
    const name = fixture.name();
    const peer = await fixture.live(name);
    await d1("down");
    await askFor(name, { call: { ...call, name: tool } });
    await askFor(name, { gateId: "h", call: { ...call, name: tool } });
    expect((await answer(name, "ben", { answer: "reject" })).status).toBe(200);
    await d1("up");
    await peer.event(
      ({ type, payload }) => type === "gate.answered" && (payload as { gateId: string }).gateId === "h",
    );
    expect((await gate(name)).outcome).toMatchObject({ answer: "reject", by: { id: "ben" } });
    expect((await gate(name, "h")).outcome).toMatchObject({ policy: { policyId: policy.policyId } });
    await revoke(policy.policyId, "ann");
  });
});

describe("inbox", () => {
  const inbox = async (user: string, query = "") => {
    const { body } = await fixture.get(`/v1/gates?limit=100${query}`, { "x-test-user": user });
    return body.items as InboxItem[];
  };
  const idsOf = (items: readonly InboxItem[], name: string) =>
    items.filter((item) => item.name === name).map((item) => item.gate.gateId);
  const waits = (name: string, gateIds: readonly string[], kind = "notes") =>
    until(async () => idsOf(await inbox("ann", `&kind=${kind}`), name).join() === gateIds.join());

  test("GA22 GA23 shows what waits in all sessions, what expires first first, and forgets what was answered or deleted", async () => {
    const [one, two] = [fixture.name("a"), fixture.name("b")];
    await askFor(one, { gateId: "last" });
    await askFor(two, { gateId: "second", expiresAt: later() + 1000, eligible: ["ben"] });
    await askFor(one, { gateId: "first", expiresAt: later() });
    await Promise.all([waits(one, ["first", "last"]), waits(two, ["second"])]);
    const items = (await inbox("ann", "&kind=notes")).filter(({ name }) => [one, two].includes(name));
    expect(items.map((item) => [item.name, item.gate.gateId, item.mayAnswer])).toEqual([
      [one, "first", true],
      [two, "second", false],
      [one, "last", true],
    ]);
    expect(items[0]).toMatchObject({
      kind: "notes",
      title: "Notes:",
      gate: { title: "Isolate srv-1?", call },
    });
    expect(idsOf(await inbox("ben", "&mine=1"), two)).toEqual(["second"]);
    expect(idsOf(await inbox("ann", "&mine=1"), two)).toEqual([]);
    const page = async (query: string) =>
      (await fixture.get(`/v1/gates?kind=notes&limit=1${query}`, { "x-test-user": "ann" })).body;
    const seen: string[] = [];
    for (let next = await page(""); ; next = await page(`&cursor=${next.nextCursor}`)) {
      seen.push(...next.items.map((item: InboxItem) => `${item.name}/${item.gate.gateId}`));
      if (!next.hasMore) break;
    }
    expect(seen.filter((key) => key.startsWith(one) || key.startsWith(two))).toEqual([
      `${one}/first`,
      `${two}/second`,
      `${one}/last`,
    ]);
    expect((await page("&cursor=x")).field).toBe("cursor");
    await answer(one, "ann", { answer: "approve" }, "first");
    await waits(one, ["last"]);
    await fixture.ask("DELETE", `notes/${one}`);
    expect(idsOf(await inbox("ann"), one)).toEqual([]);
  });

  test("GA22 nobody sees what waits where they may not read", async () => {
    const [open, secret] = [fixture.name("open"), fixture.name("private")];
    await askFor(open);
    await fixture.ask("POST", `notes/${secret}/call/askFor`, {
      body: [{ gateId: "g", title: "Secret?" }],
      ...as("ann"),
    });
    await Promise.all([waits(open, ["g"]), waits(secret, ["g"])]);
    const { body } = await fixture.get("/v1/gates?limit=100");
    expect([idsOf(body.items, open), idsOf(body.items, secret)]).toEqual([["g"], []]);
    expect((await fixture.get("/v1/gates", { "x-test-user": "mallory" })).status).toBe(403);
    expect((await fixture.get("/v1/gates?kind=none")).status).toBe(404);
    expect(idsOf(await inbox("only-read"), open)).toEqual(["g"]);
    expect((await inbox("only-read")).some(({ mayAnswer }) => mayAnswer)).toBe(false);
  });

  test("GA24 in ledger mode what waits shows there once it is recorded", async () => {
    const name = fixture.name("ledger");
    const books = (method: string, ...args: readonly unknown[]) =>
      fixture.ask("POST", `books/${name}/call/${method}`, { body: args, ...as("ann") });
    await books("add", "begun");
    await d1("held");
    const asked = books("ask", "g");
    const record = createD1Record(await fixture.server.d1("SESSILE_RECORD"));
    expect((await record.listGates({ kind: "books" })).items).toEqual([]);
    await d1("up");
    await asked;
    await waits(name, ["g"], "books");
    await answer(name, "ann", { answer: "approve" }, "g", "books");
    await waits(name, [], "books");
  });

  test("GA26 an open inbox follows what is opened and answered elsewhere, and answers what it shows", async () => {
    const name = fixture.name("live");
    const headers = { "x-test-user": "ann" };
    const box = new GateInbox({
      url: fixture.url,
      kind: "notes",
      headers,
      WebSocket: WebSocket as never,
      everyMs: 60_000,
    });
    const stop = box.subscribe(() => {});
    const shown = () => (box.getSnapshot().items ?? []).filter((item) => item.name === name);
    const shows = (gateIds: readonly string[]) =>
      until(async () => idsOf(shown(), name).join() === gateIds.join());
    await until(async () => box.getSnapshot().items !== null);
    await askFor(name);
    await askFor(name, { gateId: "h", call: { ...call, arguments: { host: "srv-2" } } });
    await shows(["g", "h"]);
    await answer(name, "ben", { answer: "reject" });
    await shows(["h"]);
    const [item] = shown();
    if (!item?.gate.call) throw new Error("nothing waits");
    const other = { ...item, gate: { ...item.gate, call: { ...item.gate.call, argumentsHash: hashOf({}) } } };
    await expect(box.answer(other, "approve")).rejects.toMatchObject({ code: "precondition_failed" });
    await box.answer(item, "approve", { comment: "go" });
    await shows([]);
    await expect(box.answer(item, "approve")).rejects.toMatchObject({
      code: "gate_closed",
      details: { gate: { by: { id: "ann" } } },
    });
    expect((await gate(name, "h")).outcome).toMatchObject({ by: { id: "ann" }, via: "http", comment: "go" });
    stop();
  });
});
