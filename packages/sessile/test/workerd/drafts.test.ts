import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connect, type SessionClient, type SocketConstructor } from "../../src/client/index.ts";
import { until } from "../../src/node/server/fixtures/processes.ts";
import type { SessionContract } from "../../src/protocol/index.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
const clients: SessionClient<SessionContract>[] = [];
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => fixture.stop());

const ada = { headers: { "x-test-user": "ada" } };
const bob = { headers: { "x-test-user": "bob" } };

/** A client of one person's. */
async function device(user: string, name: string): Promise<SessionClient<SessionContract>> {
  class AsUser extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { headers: { "x-test-user": user } });
    }
  }
  const client = connect<SessionContract>({
    url: fixture.url,
    kind: "notes",
    name,
    WebSocket: AsUser as unknown as SocketConstructor,
  });
  clients.push(client);
  await client.whenLive();
  return client;
}

test("DR9 the author's peers see the draft at once and in their welcome, nobody else does, over no transport", async () => {
  const name = fixture.name();
  const [first, second, other] = [
    await fixture.live(name, ada),
    await fixture.live(name, ada),
    await fixture.live(name, bob),
  ];
  await first.do({ id: "a.0.1", op: "saveDraft", draftId: "d1", type: "note.said", payload: "secret" });
  const draft = { draftId: "d1", type: "note.said", payload: "secret", savedAt: expect.any(Number) };
  expect(await second.next("draft")).toEqual({ t: "draft", draft });
  const third = await fixture.connect(name, ada);
  expect(await third.greet()).toMatchObject({ draft });
  const stranger = await fixture.connect(name, bob);
  expect(await stranger.greet()).not.toHaveProperty("draft");
  expect((await fixture.get(`notes/${name}/draft`, bob.headers)).body).toEqual({ draft: null });
  expect((await fixture.get(`notes/${name}/export`)).status).toBe(200);
  expect(JSON.stringify((await fixture.get(`notes/${name}/export`)).body)).not.toContain("secret");
  await first.do({ id: "a.0.2", op: "cancelDraft", draftId: "d1" });
  expect(await second.next("draft")).toEqual({ t: "draft", draft: null });
  await other.event(({ type }) => type === "draft.cancelled");
  expect(JSON.stringify([other.frames, stranger.frames])).not.toContain("secret");
});

test("DR10 over HTTP a draft is saved, shown, replaced, sent and cancelled, through an eviction and a restart", async () => {
  const name = fixture.name();
  const at = (method: string, path: string, body?: unknown, { headers } = ada) =>
    fixture.ask(method, `notes/${name}${path}`, { headers, ...(body === undefined ? {} : { body }) });
  expect((await at("GET", "/draft")).body).toEqual({ draft: null });
  const { body: saved } = await at("PUT", "/draft", { type: "note.said", payload: "one" });
  await at("PUT", "/draft", { type: "note.said", payload: "two" });
  expect(await at("PUT", "/draft", { type: "note.said" }, bob)).toMatchObject({
    status: 409,
    body: { code: "conflict" },
  });
  await fixture.evict(name);
  await fixture.restart();
  const { draftId } = saved.result;
  expect((await at("GET", "/draft")).body.draft).toMatchObject({ draftId, payload: "two" });
  const sent = await at("POST", "/draft/send", {});
  expect(sent).toMatchObject({
    status: 201,
    body: { type: "note.said", payload: "two", clientEventId: draftId },
  });
  expect(await at("POST", "/draft/send", { draftId })).toMatchObject({
    status: 200,
    body: { seq: sent.body.seq, repeated: true },
  });
  expect(await at("DELETE", `/draft?draftId=${draftId}`)).toMatchObject({
    status: 409,
    body: { code: "conflict", current: "sent" },
  });
  expect(await at("POST", "/draft/send")).toMatchObject({ status: 404 });
  await at("PUT", "/draft", { type: "note.said", draftId: "d2" });
  expect((await at("DELETE", "/draft")).status).toBe(200);
  expect((await fixture.log(name)).map(({ type }) => type).slice(3)).toEqual([
    "note.said",
    "draft.cancelled",
  ]);
  expect(await at("PATCH", "/draft")).toMatchObject({ status: 405 });
});

test("DR11 two devices of one person share the draft; of their send and cancel one wins and the other learns it", async () => {
  const name = fixture.name();
  const [one, two] = [await device("ada", name), await device("ada", name)];
  for (let round = 0; round < 5; round++) {
    const text = `round ${round}`;
    await one.draft.save("note.said", text);
    await until(() => two.getSnapshot().draft?.payload === text);
    if (round === 2) await fixture.evict(name);
    const ends = await Promise.allSettled([one.draft.send(), two.draft.cancel()]);
    const won = ends.filter(({ status }) => status === "fulfilled");
    expect(won).toHaveLength(1);
    expect(ends.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "conflict" } });
    await until(() => [one, two].every(({ getSnapshot }) => getSnapshot().draft === null));
  }
  await expect(one.draft.send()).rejects.toMatchObject({ code: "not_found" });
  const ended = (await fixture.log(name)).slice(3);
  expect(ended).toHaveLength(5);
  expect(new Set(ended.map(({ clientEventId }) => clientEventId)).size).toBe(5);
});

test("DR13 a device saves anew after another has ended the draft it had saved, also while it was away", async () => {
  const name = fixture.name();
  const [one, two] = [await device("ada", name), await device("ada", name)];
  const saved = async (text: string) => {
    await one.draft.save("note.said", text);
    await until(() => two.getSnapshot().draft?.payload === text);
  };
  const isOver = () => until(() => one.getSnapshot().draft === null);
  await saved("one");
  await two.draft.send();
  await isOver();
  await saved("two");
  await two.draft.cancel();
  await isOver();
  await saved("three");
  one.close();
  await two.draft.send();
  one.start();
  await one.whenLive();
  await isOver();
  await saved("four");
  await one.draft.send();
  const ended = (await fixture.log(name)).slice(3);
  expect(ended.map(({ type, payload }) => payload ?? type)).toEqual([
    "one",
    expect.anything(),
    "three",
    "four",
  ]);
});
