import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fixture.ask("POST", path, { body, headers });

describe("append", () => {
  test("HT9 an append answers 201 with the event, and a repeat 200 with the same event", async () => {
    const path = `notes/${fixture.name()}/events`;
    const event = { clientEventId: "c1", type: "note.said", payload: { text: "hi" } };
    const first = await post(path, event);
    expect(first).toMatchObject({ status: 201, body: { seq: 4, repeated: false, ...event } });
    const second = await post(path, { ...event, payload: "another" });
    expect(second).toMatchObject({ status: 200, body: { ...first.body, repeated: true } });
    expect((await fixture.get(path)).body.items).toHaveLength(4);
  });

  test("HT9 Idempotency-Key stands in for the id of one event", async () => {
    const path = `notes/${fixture.name()}/events`;
    const said = (body: unknown, key = "k1") =>
      fixture.ask("POST", path, { body, headers: { "idempotency-key": key } });
    const event = { type: "note.said", payload: 1 };
    const first = await said(event);
    expect(first).toMatchObject({ status: 201, body: { clientEventId: "k1", payload: 1 } });
    expect(await said({ ...event, payload: 2 })).toMatchObject({
      status: 200,
      body: { seq: first.body.seq, payload: 1 },
    });
    expect((await said({ ...event, clientEventId: "own" })).body.clientEventId).toBe("own");
    expect(await said([event])).toMatchObject({ status: 400, body: { field: "clientEventId" } });
  });

  test("HT10 an array is appended in order, each with its own outcome", async () => {
    const path = `notes/${fixture.name()}/events`;
    await post(path, { clientEventId: "b", type: "note.said", payload: 1 });
    const { status, body } = await post(path, [
      { clientEventId: "a", type: "note.said", payload: 2 },
      { clientEventId: "b", type: "note.said" },
      { clientEventId: "c", type: "note.empty" },
      { clientEventId: "d", type: "note.said", payload: 3 },
    ]);
    expect(status).toBe(200);
    expect(body.items).toMatchObject([
      { seq: 5, repeated: false, payload: 2 },
      { seq: 4, repeated: true, payload: 1 },
      { error: { code: "rejected" } },
      { seq: 6, repeated: false, payload: 3 },
    ]);
  });

  test.each([
    ["no id", { type: "note.said" }, 400, "clientEventId"],
    ["an id that is no text", { clientEventId: 7, type: "note.said" }, 400, "clientEventId"],
    ["an id with spaces", { clientEventId: "a b", type: "note.said" }, 400, "clientEventId"],
    ["no type", { clientEventId: "a" }, 400, "body.type"],
    ["a malformed type", { clientEventId: "a", type: "Note Said" }, 400, "type"],
    ["a type of the session's own", { clientEventId: "a", type: "gate.answered" }, 400, "type"],
    ["an unknown key", { clientEventId: "a", type: "note.said", seq: 1 }, 400, "body"],
    ["text instead of an event", "note.said", 400, "body"],
  ])("HT11 an event with %s is refused and names what is wrong", async (_, body, status, field) => {
    const path = `notes/${fixture.name()}/events`;
    expect(await post(path, body)).toMatchObject({ status, body: { code: "bad_request", field } });
    expect((await fixture.get(path)).body.lastSeq).toBe(3);
  });

  test("HT11 a body cannot turn its route's command into another", async () => {
    const path = `notes/${fixture.name()}/events`;
    await post(path, { clientEventId: "a", type: "note.said", op: "reset", id: "b" });
    expect((await fixture.get(path)).body.items.at(-1)).toMatchObject({
      type: "note.said",
      clientEventId: "a",
    });
  });

  test("HT11 what the kind does not let clients append is forbidden", async () => {
    const path = `tiny/${fixture.name()}/events`;
    expect(await post(path, { clientEventId: "a", type: "card.added" })).toMatchObject({
      status: 403,
      body: { code: "forbidden", field: "type" },
    });
    const large = { clientEventId: "a", type: "card.moved", payload: { text: "x".repeat(260_000) } };
    expect(await post(path, large)).toMatchObject({ status: 413, body: { limit: "maxPayloadChars" } });
  });
});

describe("compare and set", () => {
  test("HT12 of two who move the status from one version one succeeds, and the other learns what it is now", async () => {
    const name = fixture.name();
    const path = `notes/${name}/status`;
    const answers = await Promise.all([1, 2].map(() => post(path, { to: "open", expectedVersion: 1 })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: "conflict",
      current: "open",
      currentVersion: 4,
    });
    expect(answers.find(({ status }) => status === 200)?.body).toMatchObject({
      seq: 4,
      session: { status: "open", statusVersion: 4 },
    });
    expect(await post(path, { to: "gone" })).toMatchObject({ status: 400, body: { field: "to" } });
    const jump = await post(`notes/${fixture.name()}/status`, { to: "done" });
    expect(jump).toMatchObject({
      status: 409,
      body: { code: "illegal_transition", current: "new", currentVersion: 1 },
    });
    expect((await post(`tiny/${fixture.name()}/status`, { to: "off" })).body.code).toBe("forbidden");
  });

  test("HT13 the lifecycle is moved the same way, by those who may administer", async () => {
    const path = `notes/${fixture.name()}/lifecycle`;
    expect((await post(path, { to: "paused" }, { "x-test-user": "reader" })).status).toBe(403);
    expect(await post(path, { to: "paused", expectedVersion: 3 })).toMatchObject({
      status: 200,
      body: { session: { lifecycle: "paused", lifecycleVersion: 4 } },
    });
    expect(await post(path, { to: "active", expectedVersion: 3 })).toMatchObject({
      status: 409,
      body: { code: "conflict", current: "paused", currentVersion: 4 },
    });
    expect((await post(path, { to: "asleep" })).status).toBe(400);
  });

  test("HT14 the state is replaced if it is of the version named, else 412 tells the one there is", async () => {
    const path = `tiny/${fixture.name()}/state`;
    const put = (body: unknown, match?: string) =>
      fixture.ask("PUT", path, { body, headers: match === undefined ? {} : { "if-match": match } });
    expect(await put({ text: "one" }, '"1"')).toMatchObject({
      status: 200,
      body: { session: { version: 3 } },
    });
    expect(await put({ text: "two" }, "3")).toMatchObject({ status: 200, body: { session: { version: 4 } } });
    expect(await put({ text: "three" }, '"3"')).toMatchObject({
      status: 412,
      body: { code: "precondition_failed", currentVersion: 4 },
    });
    const read = await fixture.ask("GET", path, {});
    expect([read.body, read.headers.get("etag")]).toEqual([{ text: "two" }, '"4"']);
    expect((await put({ text: "four" }, read.headers.get("etag") ?? "")).status).toBe(200);
    expect((await put({ text: "five" }, '"five"')).body).toMatchObject({
      code: "bad_request",
      field: "If-Match",
    });
    expect(await put({ text: "x".repeat(1000) })).toMatchObject({
      status: 413,
      body: { limit: "maxStateChars" },
    });
    expect((await fixture.ask("PUT", `notes/${fixture.name()}/state`, { body: {} })).body.code).toBe(
      "forbidden",
    );
  });

  test("HT15 reset brings back the state the kind begins with, and the log keeps what was", async () => {
    const name = fixture.name();
    await fixture.call(name, "add", "x");
    expect((await fixture.ask("POST", `notes/${name}/reset`)).status).toBe(200);
    expect((await fixture.get(`notes/${name}`)).body.state).toEqual({ count: 0, text: "" });
    expect((await fixture.log(name)).filter(({ type }) => type === "state.changed")).toHaveLength(2);
  });
});

describe("calls", () => {
  test("HT16 a call answers its result; with the same Idempotency-Key it runs once", async () => {
    const name = fixture.name();
    const path = `notes/${name}/call/add`;
    const headers = { "idempotency-key": "k1" };
    const first = await post(path, ["x"], headers);
    expect(first).toMatchObject({
      status: 200,
      body: {
        seq: 4,
        repeated: false,
        result: { count: 1, status: "new" },
        session: { version: 5, lastSeq: 5 },
      },
    });
    expect((await post(path, ["x"], headers)).body).toMatchObject({
      seq: 4,
      repeated: true,
      result: { count: 1 },
    });
    expect((await fixture.ask("POST", `notes/${name}/call/rows`)).body.result).toHaveLength(2);
    expect((await post(path, { text: "x" })).body).toMatchObject({ code: "bad_request", field: "body" });
  });
});

describe("bodies", () => {
  const send = (text: string) => fixture.ask("POST", `notes/${fixture.name()}/call/add`, { text });

  test("HT17 a body larger than 4 MiB is refused with 413 before all of it is read", async () => {
    expect(await send(`["${"x".repeat(4 * 1024 * 1024)}"]`)).toMatchObject({
      status: 413,
      body: { code: "limit_exceeded", field: "body", limit: "maxFrameChars" },
    });
  });

  test.each([
    ["is not JSON", "[", 400],
    ["is empty where one is needed", "", 400],
    ["is nested too deeply", `${"[".repeat(70)}${"]".repeat(70)}`, 413],
    ["has a __proto__ key", '[{"__proto__":{"admin":true}}]', 400],
  ])("HT17 a body that %s is refused", async (_, text, status) => {
    const answer = await fixture.ask("POST", `notes/${fixture.name()}/status`, { text });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });
});
