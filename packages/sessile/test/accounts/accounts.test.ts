import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder, until } from "../../src/node/server/fixtures/processes.ts";
import { eventIdOf, sessionKeyOf } from "../../src/protocol/event-id.ts";
import { ExportWriter } from "../../src/protocol/export-file.ts";
import { bundle } from "../bundle.ts";
import { testLog } from "../test-log.ts";
import { RawSocket } from "../workerd/raw-socket.ts";
import { Person, Provider } from "./person.ts";

let server: Server;
let provider: Provider;
let folder: ReturnType<typeof temporaryFolder>;
let ada: Person;
let bob: Person;
let names = 0;

async function start(dir: string, vars: Record<string, string> = {}): Promise<Server> {
  return serve({
    worker: { source: await bundle(fileURLToPath(new URL("accounts-worker.ts", import.meta.url))) },
    dir,
    port: 0,
    compatibilityDate,
    compatibilityFlags: ["nodejs_compat"],
    durableObjects: { CHAT: { className: "Chat" }, SESSILE_FEED: { className: "DirectoryFeed" } },
    d1: ["SESSILE_RECORD"],
    vars: { PROVIDER_URL: provider.url, ...vars },
    log: testLog,
  });
}

beforeAll(async () => {
  provider = await Provider.start();
  folder = temporaryFolder();
  server = await start(folder.path);
  ada = await new Person(server.url).throughProvider();
  bob = await new Person(server.url).anonymously();
});
afterAll(async () => {
  await server?.close();
  await provider.stop();
  folder[Symbol.dispose]();
});

const message = (text: string) => ({ clientEventId: `m-${text}`, type: "message.sent", payload: { text } });

/** A session of Ada's with one message, listed. */
async function adasSession(): Promise<{ name: string; path: string }> {
  names += 1;
  const name = `a-${names}`;
  const path = `/v1/sessions/chat/${name}`;
  expect((await ada.ask("POST", `${path}/events`, message(name))).status).toBe(201);
  await until(async () => (await listed(ada)).includes(name));
  return { name, path };
}

async function listed(person: Person): Promise<string[]> {
  const { body } = await person.ask("GET", "/v1/sessions?kind=chat&limit=100");
  return body.items.map((item: { name: string }) => item.name);
}

/** A file as an export under this name would be, its chain whole. */
// biome-ignore lint/suspicious/noExplicitAny: events as HTTP shows them
function exported(name: string, events: readonly any[]): string {
  const { createdAt } = events[0];
  const writer = new ExportWriter({ kind: "chat", name, createdAt, events: events.length });
  const key = sessionKeyOf("chat", name);
  const lines = events.map((event) => {
    const payload = event.seq === 1 ? { ...event.payload, name } : event.payload;
    return writer.event({
      ...event,
      payload,
      eventId: eventIdOf(key, event.seq, Date.parse(event.createdAt)),
    });
  });
  return [writer.begin(), ...lines, writer.end()].join("");
}

async function closeCode(person: Person, path: string): Promise<number> {
  const socket = await RawSocket.open(`${server.url}${path}`, { headers: { cookie: person.cookie } });
  socket.send({ t: "hello", v: 1 });
  return (await socket.closed).code;
}

test("AC1 whoever comes in through a provider, or without an account, is known from then on", async () => {
  const { body } = await ada.ask("GET", "/api/auth/get-session");
  expect(body.user).toMatchObject({ id: ada.id, name: "Ada" });
  expect(bob.id).not.toBe("");
  expect(
    (await new Person(server.url).ask("POST", "/v1/sessions/chat/x/events", message("x"))).body.code,
  ).toBe("unauthenticated");
});

test("AC1 whoever comes day by day stays signed in, by cookie or by bearer token", async () => {
  const [guest, script] = [new Person(server.url), new Person(server.url)];
  await guest.anonymously();
  const { headers } = await new Person(server.url).ask("POST", "/api/auth/sign-in/anonymous", {});
  const bearer = { authorization: `Bearer ${headers.get("set-auth-token")}` };
  const ends = async () => {
    const path = "/api/auth/get-session?disableRefresh=true";
    return Date.parse((await script.ask("GET", path, undefined, bearer)).body.session.expiresAt);
  };
  await guest.ask("POST", "/test/age");
  const before = await ends();
  expect((await guest.ask("GET", "/v1/sessions?kind=chat")).status).toBe(200);
  expect((await script.ask("GET", "/v1/sessions?kind=chat", undefined, bearer)).status).toBe(200);
  const renewed = (await guest.ask("GET", "/api/auth/get-session")).headers.getSetCookie();
  expect(renewed.some((cookie) => cookie.startsWith("sessile.session_token="))).toBe(true);
  expect(await ends()).toBeGreaterThan(before);
});

test("HT27 without a secret that is long enough nobody is signed in, and asking again does not help", async () => {
  const { status, headers, body } = await ada.ask("GET", "/test/no-secret/api/auth/get-session");
  expect([status, body.code, headers.get("retry-after")]).toEqual([501, "not_configured", null]);
});

test("AC1 passkeys are offered to whoever is signed in, and passwords to nobody", async () => {
  const { status, body } = await ada.ask("GET", "/api/auth/passkey/generate-register-options");
  expect([status, body.rp]).toEqual([200, { id: "localhost", name: "Chats" }]);
  const form = { name: "Eve", email: "eve@example.test", password: "a long password" };
  expect((await bob.ask("POST", "/api/auth/sign-up/email", form)).status).toBe(400);
});

test("AC1 a session of Better Auth may come in an Authorization header, where that is switched on", async () => {
  const guest = new Person(server.url);
  const { headers } = await guest.ask("POST", "/api/auth/sign-in/anonymous", {});
  const authorization = `Bearer ${headers.get("set-auth-token")}`;
  const script = new Person(server.url);
  const path = "/v1/sessions/chat/by-bearer";
  expect((await script.ask("POST", `${path}/events`, message("b"), { authorization })).status).toBe(201);
  expect((await script.ask("GET", path)).status).toBe(404);
  expect((await guest.ask("GET", path)).status).toBe(200);
});

test("AC1 where pages are served over https, cookies stay there", async () => {
  using elsewhere = temporaryFolder();
  const other = await start(elsewhere.path, { BASE_URL: "https://chat.example" });
  const { headers } = await new Person(other.url).ask("POST", "/api/auth/sign-in/anonymous", {});
  await other.close();
  const cookies = headers.getSetCookie();
  expect(cookies.length).toBeGreaterThan(0);
  for (const cookie of cookies)
    expect(cookie).toMatch(/^__Secure-sessile\.[^;]+;.*; HttpOnly; Secure; SameSite=Lax/);
});

test("AC4 only kinds that exist are public", async () => {
  const guest = new Person(server.url);
  expect((await guest.ask("GET", "/test/public/chat")).status).toBe(200);
  expect((await guest.ask("GET", "/test/public/chats")).status).toBe(500);
});

test("AC2 a private session is not there for others, whatever they ask", async () => {
  const { name, path } = await adasSession();
  const paths = ["", "/events", "/state", "/gates", "/draft", "/snapshots", "/export", "/head"];
  for (const person of [bob, new Person(server.url)]) {
    for (const suffix of paths) {
      const real = await person.ask("GET", `${path}${suffix}`);
      const none = await person.ask("GET", `/v1/sessions/chat/nobody-has-this${suffix}`);
      expect([suffix, real.status, real.body.detail]).toEqual([suffix, 404, none.body.detail]);
    }
    expect(await listed(person)).not.toContain(name);
  }
  expect((await bob.ask("POST", `${path}/events`, message("b"))).status).toBe(404);
  expect((await bob.ask("POST", `${path}/access`, { visibility: "public" })).status).toBe(404);
  expect((await bob.ask("POST", `${path}/restore`)).status).toBe(404);
  expect(await closeCode(bob, path)).toBe(4404);
  expect(await closeCode(bob, `/chat/${name}`)).toBe(4404);
  expect((await ada.ask("GET", `${path}/events`)).body.items.at(-1).payload).toEqual({ text: name });
});

test("AC3 reading makes no owned session, and nobody in particular makes none at all", async () => {
  const path = "/v1/sessions/chat/fresh";
  expect((await bob.ask("GET", path)).status).toBe(404);
  expect(await closeCode(new Person(server.url), path)).toBe(4404);
  expect((await ada.ask("POST", `${path}/events`, message("mine"))).status).toBe(201);
  expect((await ada.ask("GET", path)).body.access).toEqual({
    ownerId: ada.id,
    visibility: "private",
    members: {},
  });
});

test("AC4 a public session is read by anyone and written by its owner", async () => {
  const { name, path } = await adasSession();
  expect((await ada.ask("POST", `${path}/access`, { visibility: "public" })).status).toBe(200);
  const guest = new Person(server.url);
  expect((await guest.ask("GET", `${path}/events`)).status).toBe(200);
  await until(async () => (await listed(guest)).includes(name));
  expect((await bob.ask("POST", `${path}/events`, message("b"))).status).toBe(403);
  expect((await bob.ask("POST", `${path}/access`, { visibility: "private" })).status).toBe(403);
});

test("AC5 members have the rights they were given, and lose them at once with their sockets", async () => {
  const { path } = await adasSession();
  await ada.ask("POST", `${path}/access`, { members: { [bob.id]: ["read", "write"] } });
  expect((await bob.ask("POST", `${path}/events`, message("b"))).status).toBe(201);
  expect((await bob.ask("POST", `${path}/lifecycle`, { to: "paused" })).status).toBe(403);
  const socket = await RawSocket.open(`${server.url}${path}`, { headers: { cookie: bob.cookie } });
  await socket.greet();
  await ada.ask("POST", `${path}/access`, { members: { [bob.id]: [] } });
  expect((await socket.closed).code).toBe(4404);
  expect((await bob.ask("GET", path)).status).toBe(404);
});

test("AC5 of a commit that lets somebody out they are shown nothing but what came of their own commands", async () => {
  const { path } = await adasSession();
  const members = (rights: readonly string[]) => ({ [bob.id]: rights, [eve.id]: rights });
  const eve = await new Person(server.url).anonymously();
  await ada.ask("POST", `${path}/access`, { members: members(["read", "write", "admin"]) });
  const [staying, watching, acting] = (await Promise.all(
    [ada, bob, eve].map(async ({ cookie }) => {
      const socket = await RawSocket.open(`${server.url}${path}`, { headers: { cookie } });
      await socket.greet();
      return socket;
    }),
  )) as [RawSocket, RawSocket, RawSocket];
  const told = ({ frames }: RawSocket) => frames.filter(({ t }) => t === "commit");
  acting.send({
    t: "do",
    commands: [
      { op: "setAccess", id: "e.1.1", members: members([]) },
      { op: "append", id: "e.1.2", type: "message.sent", payload: { text: "among ourselves" } },
    ],
  });
  await staying.event(({ payload }) => JSON.stringify(payload).includes("among ourselves"));
  for (const { closed } of [watching, acting]) expect((await closed).code).toBe(4404);
  expect(told(watching)).toEqual([]);
  const acks = [expect.objectContaining({ id: "e.1.1" }), expect.objectContaining({ id: "e.1.2" })];
  expect(told(acting)).toEqual([{ t: "commit", acks }]);
});

test("AC6 only its owner gives a session away", async () => {
  const { path } = await adasSession();
  await ada.ask("POST", `${path}/access`, { members: { [bob.id]: ["read", "admin"] } });
  expect((await bob.ask("POST", `${path}/access`, { ownerId: bob.id })).status).toBe(403);
  expect((await ada.ask("POST", `${path}/access`, { ownerId: bob.id })).status).toBe(200);
  expect((await ada.ask("GET", path)).status).toBe(404);
  expect((await bob.ask("GET", path)).body.access.members).toEqual({});
});

test("AC7 the live list tells of a session only those who may read it", async () => {
  const feed = await RawSocket.open(`${server.url}/v1/sessions?kind=chat`, {
    protocols: [],
    headers: { cookie: bob.cookie },
  });
  const hidden = await adasSession();
  const shown = await adasSession();
  await ada.ask("POST", `${shown.path}/access`, { members: { [bob.id]: ["read"] } });
  let told = "";
  await feed.next("directory" as never, (frame: unknown) => {
    told += JSON.stringify(frame);
    return told.includes(`"${shown.name}"`);
  });
  expect(told).not.toContain(`"${hidden.name}"`);
  expect(told).not.toContain("readerIds");
});

test("AC8 a token acts for its owner within its rights until it is revoked", async () => {
  const { path } = await adasSession();
  const { status, body } = await ada.ask("POST", "/v1/tokens", { label: "script", rights: ["read"] });
  expect([status, body.token]).toEqual([201, expect.stringMatching(/^ses_[0-9a-f]{64}$/)]);
  const script = new Person(server.url);
  const bearer = { authorization: `Bearer ${body.token}` };
  expect((await script.ask("GET", path, undefined, bearer)).status).toBe(200);
  expect((await script.ask("POST", `${path}/events`, message("t"), bearer)).status).toBe(403);
  expect((await script.ask("GET", "/v1/tokens", undefined, bearer)).status).toBe(401);
  const { items } = (await ada.ask("GET", "/v1/tokens")).body;
  expect(items).toEqual([
    expect.objectContaining({ tokenId: body.tokenId, label: "script", rights: ["read"] }),
  ]);
  expect(items[0].lastUsedAt).not.toBeNull();
  expect(JSON.stringify(items)).not.toContain(body.token);
  expect((await bob.ask("DELETE", `/v1/tokens/${body.tokenId}`)).status).toBe(404);
  expect((await ada.ask("DELETE", `/v1/tokens/${body.tokenId}`)).status).toBe(204);
  expect((await script.ask("GET", path, undefined, bearer)).status).toBe(401);
});

test("AC8 an account has at most fifty tokens", async () => {
  const person = await new Person(server.url).anonymously();
  const grant = { label: "one of many", expiresInSeconds: 60 };
  for (let n = 0; n < 50; n++) expect((await person.ask("POST", "/v1/tokens", grant)).status).toBe(201);
  const { status, body } = await person.ask("POST", "/v1/tokens", grant);
  expect([status, body.limit]).toEqual([413, "maxTokens"]);
});

test("AC9 who signs in keeps the sessions begun without an account, but for those that refuse it", async () => {
  const person = await new Person(server.url).anonymously();
  const before = person.id;
  const names = ["sealed-by-its-kind", "begun-as-guest"];
  const [sealed, path] = names.map((name) => `/v1/sessions/chat/${name}`) as [string, string];
  for (const begun of [sealed, path]) await person.ask("POST", `${begun}/events`, message("first"));
  await until(async () => {
    const items = await listed(person);
    return names.every((name) => items.includes(name));
  });
  provider.next = { sub: "9", name: "Cleo", email: "cleo@example.test", email_verified: true };
  await person.throughProvider();
  expect(person.id).not.toBe(before);
  expect((await person.ask("GET", path)).body.access.ownerId).toBe(person.id);
  expect((await person.ask("GET", sealed)).status).toBe(404);
});

test("AC10 a message keeps the name its sender had", async () => {
  const { path } = await adasSession();
  expect((await ada.ask("POST", "/api/auth/update-user", { name: "Countess" })).status).toBe(200);
  await ada.ask("POST", `${path}/events`, message("later"));
  const { items } = (await ada.ask("GET", `${path}/events`)).body;
  const senders = items.filter(({ type }: { type: string }) => type === "message.sent");
  expect(senders.map(({ actor }: { actor: object }) => actor)).toEqual([
    { id: ada.id, name: "Ada" },
    { id: ada.id, name: "Countess" },
  ]);
});

test("AC11 an owner imports a log of their own events, and nobody else's and none with others' words", async () => {
  const { path } = await adasSession();
  const { items } = (await ada.ask("GET", `${path}/events`)).body;
  const send = async (person: Person, name: string, change: (event: { actor: unknown }) => unknown) => {
    const events = items.map((event: { actor: unknown }) => change(event));
    const response = await fetch(`${server.url}/v1/sessions/import`, {
      method: "POST",
      headers: { cookie: person.cookie },
      body: exported(name, events),
    });
    return [response.status, (await response.json()).code];
  };
  const [asItWas, byBob] = [(event: object) => event, { id: bob.id, name: "Bob" }];
  const forged = (event: { actor: unknown }) => (event.actor === null ? event : { ...event, actor: byBob });
  expect(await send(ada, "forged", forged)).toEqual([403, "forbidden"]);
  expect((await ada.ask("GET", "/v1/sessions/chat/forged")).status).toBe(404);
  const gate = { gateId: "g", title: "?", options: ["yes", "no"], expiresAt: null, requestedBy: bob.id };
  const adopted = ["session.adopted", { kind: "chat", name: "bobs", objectId: "aa" }] as const;
  const saying = (type: string, payload: unknown) => (event: object) =>
    event === items.at(-1) ? { ...event, actor: null, type, payload } : event;
  for (const [type, payload] of [
    adopted,
    ["gate.opened", gate],
    ["state.changed", { state: { agent: { active: { startedBy: bob.id } } } }],
    ["gate.policy_added", { policyId: "p", tool: "*", by: byBob, expiresAt: null }],
  ] as const)
    expect([type, ...(await send(ada, "forged", saying(type, payload)))]).toEqual([type, 403, "forbidden"]);
  expect(await send(bob, "moved", asItWas)).toEqual([403, "forbidden"]);
  expect(await send(ada, "moved", asItWas)).toEqual([201, undefined]);
  expect((await ada.ask("GET", "/v1/sessions/chat/moved")).body.access.ownerId).toBe(ada.id);
  expect((await bob.ask("GET", "/v1/sessions/chat/moved")).status).toBe(404);
  // What is refused at its end leaves a deleted address as deleted as it was.
  expect((await ada.ask("DELETE", "/v1/sessions/chat/moved")).status).toBe(200);
  expect(await send(ada, "moved", saying(...adopted))).toEqual([403, "forbidden"]);
  expect((await ada.ask("PUT", "/v1/sessions/chat/moved/state", {})).status).toBe(404);
  expect(await send(ada, "moved", asItWas)).toEqual([201, undefined]);
});

test("AC11 an export of somebody else's session makes none, also where its address is free", async () => {
  const { path } = await adasSession();
  const response = await fetch(`${server.url}${path}/export`, { headers: { cookie: ada.cookie } });
  const file = await response.text();
  using elsewhere = temporaryFolder();
  const other = await start(elsewhere.path);
  const person = await new Person(other.url).anonymously();
  const headers = { cookie: person.cookie };
  const refused = await fetch(`${other.url}/v1/sessions/import`, { method: "POST", body: file, headers });
  expect([refused.status, await refused.json()]).toMatchObject([403, { code: "forbidden" }]);
  expect((await person.ask("GET", path)).status).toBe(404);
  await other.close();
});
