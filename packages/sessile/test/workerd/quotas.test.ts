import { afterAll, beforeAll, expect, test } from "vitest";
import type { QuotaStatus } from "../../src/protocol/quota.ts";
import type { RawSocket } from "./raw-socket.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

const as = (user: string) => ({ "x-test-user": user });
const from = (address: string) => ({ "x-test-address": address });
const prompt = (id: string) => ({ clientEventId: id, type: "prompt", payload: { text: id } });
const append = (id: string, type = "prompt") => ({ op: "append", id, type, payload: {} });

test("QU1 QU8 over HTTP: charged, warned, refused with 429, and the status at GET /v1/quota", async () => {
  const name = fixture.name();
  const headers = as("ada");
  const send = (id: string) => fixture.ask("POST", `metered/${name}/events`, { body: prompt(id), headers });
  for (let n = 1; n <= 5; n++) expect((await send(`a-${n}`)).status).toBe(201);
  const over = await send("a-6");
  expect(over.status).toBe(429);
  expect(over.body).toMatchObject({ code: "quota_exceeded", reason: "day", limit: "promptsPerDay" });
  expect(Number(over.headers.get("retry-after"))).toBe(over.body.retryAfter);
  expect(over.headers.get("ratelimit-policy")).toBe('"day";q=5;w=86400');
  expect(over.headers.get("ratelimit")).toMatch(/^"day";r=0;t=\d+$/);
  // What was accepted is no new charge, in this session and after a refusal.
  expect((await send("a-5")).status).toBe(200);
  const free = { clientEventId: "f-1", type: "note", payload: {} };
  expect((await fixture.ask("POST", `metered/${name}/events`, { body: free, headers })).status).toBe(201);
  const status = await fixture.get("/v1/quota", headers);
  expect(status.body).toEqual({
    tier: "free",
    promptsRemaining: 0,
    promptsTotal: 5,
    resetsAt: over.body.resetsAt,
    voiceEnabled: true,
    warning: true,
  });
  expect(
    (await fixture.log(name, "metered")).map(({ type }) => type).filter((type) => type === "prompt"),
  ).toHaveLength(5);
});

test("QU9 strangers are told apart by address, of IPv6 by its network, which no session sees", async () => {
  const name = fixture.name();
  const send = (id: string, address: string) =>
    fixture.ask("POST", `metered/${name}/events`, { body: prompt(id), headers: from(address) });
  for (const host of ["1", "2", "ffff:0:1"])
    expect((await send(`v6-${host}`.replaceAll(":", "-"), `2001:db8:0:1::${host}`)).status).toBe(201);
  expect((await send("v6-4", "2001:0db8:0000:0001:a:b:c:d")).status).toBe(429);
  expect((await send("v6-5", "2001:db8:0:2::1")).status).toBe(201);
  const socket = await fixture.connect(name, { kind: "metered", headers: from("2001:db8:0:1::9") });
  await socket.greet();
  socket.send({ t: "do", commands: [append("s.0.0")] });
  expect((await socket.next("commit", ({ acks }) => acks !== undefined)).acks).toMatchObject([
    { error: { code: "quota_exceeded" } },
  ]);
});

test("QU10 QU8 a socket keeps its order while what costs is charged, and is told its quota", async () => {
  const name = fixture.name();
  const socket = await fixture.live(name, { kind: "metered", headers: as("bob") });
  socket.send({
    t: "do",
    commands: [append("b.0.0", "note"), append("b.0.1"), append("b.0.2", "note"), append("b.0.3")],
  });
  socket.send({ t: "do", commands: [append("b.0.4", "note")] });
  await socket.event(({ clientEventId }) => clientEventId === "b.0.4");
  expect(socket.events().flatMap(({ clientEventId }) => clientEventId ?? [])).toEqual(
    [0, 1, 2, 3, 4].map((n) => `b.0.${n}`),
  );
  const quota = quotaToldTo(socket);
  expect(quota).toMatchObject({ tier: "free", promptsTotal: 5 });
});

function quotaToldTo(socket: RawSocket): QuotaStatus {
  const frame = socket.frames.find(({ t }) => t === "quota");
  if (frame?.t !== "quota") throw new Error("no quota frame");
  return frame.quota;
}

test("QU6 a minute that is used up is rate_limited until it ends", async () => {
  const socket = await fixture.live(fixture.name(), { kind: "metered", headers: as("hasty-1") });
  socket.send({ t: "do", commands: [append("h.0.0"), append("h.0.1", "note")] });
  const { acks } = await socket.next("commit", (frame) => frame.acks?.[0]?.id === "h.0.0");
  expect(acks).toMatchObject([{ error: { code: "rate_limited", reason: "minute" } }]);
  await socket.event(({ clientEventId }) => clientEventId === "h.0.1");
});

test("QU11 while the database fails, what costs is refused and the rest goes on", async () => {
  const name = fixture.name();
  const headers = as("cleo");
  const send = (body: unknown) => fixture.ask("POST", `metered/${name}/events`, { body, headers });
  await send({ clientEventId: "c-0", type: "note" });
  await fixture.ask("POST", "/test/d1/down");
  try {
    expect(await send(prompt("c-1"))).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect((await send({ clientEventId: "c-2", type: "note" })).status).toBe(201);
  } finally {
    await fixture.ask("POST", "/test/d1/up");
  }
  expect((await send(prompt("c-1"))).status).toBe(201);
  expect((await fixture.get("/v1/quota", headers)).body).toMatchObject({ promptsRemaining: 4 });
});

test("QU13 whoever loses the right to a command while it is charged is refused", async () => {
  const name = fixture.name();
  const [sender, other] = [
    await fixture.live(name, { kind: "metered", headers: as("gil") }),
    await fixture.live(name, { kind: "metered", headers: as("hal") }),
  ];
  await fixture.ask("POST", "/test/d1/held");
  try {
    sender.send({ t: "do", commands: [append("g.0.0")] });
    // What comes after the command says that it is there.
    sender.send({ t: "signal", signal: "sent" });
    await other.next("signal");
    const ban = { op: "call", id: "h.0.0", method: "ban", args: ["gil"] };
    expect(await other.do(ban)).toMatchObject([{ id: "h.0.0", seq: 3 }]);
  } finally {
    await fixture.ask("POST", "/test/d1/up");
  }
  const { acks } = await sender.next("commit", (frame) => frame.acks !== undefined);
  expect(acks).toMatchObject([{ id: "g.0.0", error: { code: "forbidden" } }]);
});

test("QU12 a draft costs what its event costs", async () => {
  const socket = await fixture.live(fixture.name(), { kind: "metered", headers: as("dora") });
  socket.send({
    t: "do",
    commands: [
      { op: "saveDraft", id: "d.0.0", draftId: "dora-draft", type: "prompt", payload: {} },
      { op: "sendDraft", id: "d.0.1", draftId: "dora-draft" },
    ],
  });
  await socket.event(({ type }) => type === "prompt");
  expect((await fixture.get("/v1/quota", as("dora"))).body).toMatchObject({ promptsRemaining: 4 });
});

test("QU21 one socket more than may be open is refused with when to come back", async () => {
  const name = fixture.name();
  for (let n = 0; n < 3; n++) await fixture.live(name, { kind: "metered" });
  const refused = await fixture.connect(name, { kind: "metered" });
  expect((await refused.next("error")).error).toMatchObject({ code: "overloaded", limit: "maxPeers" });
  expect((await refused.closed).code).toBe(1012);
});

test("QU20 signals beyond their rate are dropped and the first is answered; commands beyond theirs end the connection", async () => {
  const name = fixture.name();
  const [sender, reader] = [
    await fixture.live(name, { kind: "metered" }),
    await fixture.live(name, { kind: "metered" }),
  ];
  for (let n = 0; n < 10; n++) sender.send({ t: "signal", signal: n });
  sender.send({ t: "do", commands: [append("z.0.0", "note")] });
  // Two sockets: what the reader has seen says nothing of what has reached the sender.
  await reader.event(({ clientEventId }) => clientEventId === "z.0.0");
  await sender.event(({ clientEventId }) => clientEventId === "z.0.0");
  expect(reader.frames.flatMap((frame) => (frame.t === "signal" ? [frame.signal] : []))).toEqual([
    0, 1, 2, 3,
  ]);
  expect(sender.frames.filter(({ t }) => t === "error")).toHaveLength(1);
  for (const frame of [1, 2])
    sender.send({
      t: "do",
      commands: Array.from({ length: 60 }, (_, n) => append(`z.0.${frame * 100 + n}`, "note")),
    });
  expect((await sender.next("error", ({ error }) => error.limit === "commandRate")).error.code).toBe(
    "rate_limited",
  );
  expect((await sender.closed).code).toBe(1012);
});

test("QU22 commands that wait for a quota are bounded; beyond that the connection ends", async () => {
  const socket = await fixture.live(fixture.name(), { kind: "metered", headers: as("eve") });
  socket.send({ t: "do", commands: Array.from({ length: 40 }, (_, n) => append(`e.0.${n}`)) });
  expect((await socket.next("error")).error).toMatchObject({
    code: "overloaded",
    limit: "maxWaitingPerPeer",
  });
  expect((await socket.closed).code).toBe(1012);
});
