import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RawSocket } from "./raw-socket.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

describe("the catalog", () => {
  test("CG1 says of each kind where it is, and what it lets clients do, and makes no session for that", async () => {
    const { status, headers, body } = await fixture.get("/_sessile/catalog");
    expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
    const kinds = new Map(body.items.map((item: { readonly kind: string }) => [item.kind, item]));
    expect(kinds.get("shelves")).toEqual({
      kind: "shelves",
      address: "/v1/sessions/shelves/{name}",
      route: null,
      hasPage: false,
      chat: null,
      access: "open",
      callables: ["commits", "restock", "take", "tell"],
      streaming: [],
      events: "any",
      writesState: false,
      statuses: [],
    });
    expect(kinds.get("books")).toMatchObject({
      route: "/books/{name}",
      hasPage: true,
      statuses: ["open", "closed"],
    });
    expect(kinds.get("chats")).toMatchObject({ chat: "/api/chat" });
    // Without a binding there is nothing to reach.
    expect(kinds.has("unbound")).toBe(false);
    expect((await fixture.get("/v1/sessions?kind=shelves")).body.items).toEqual([]);
  });

  test("CG2 tells of the kinds that whoever asks may read", async () => {
    const { status, body } = await fixture.get("/_sessile/catalog", { "x-test-user": "mallory" });
    expect([status, body]).toEqual([200, { items: [] }]);
    const admin = await fixture.get("/_sessile/catalog", { "x-test-user": "only-admin" });
    expect(admin.body.items).toEqual([]);
    const reader = await fixture.get("/_sessile/catalog", { "x-test-user": "only-read" });
    expect(reader.body.items.length).toBeGreaterThan(5);
  });
});

describe("problems", () => {
  test.each([
    ["the worker", () => fixture.get("none/x"), { field: "kind" }],
    [
      "a session",
      async () => {
        const name = fixture.name();
        await fixture.ask("DELETE", `notes/${name}`);
        return fixture.get(`/notes/${name}/suffix`);
      },
      {},
    ],
  ] as const)(
    "HT18 every refusal by %s is problem+json with code, title, detail and an id of its own",
    async (_who, ask, more) => {
      const [one, two] = [await ask(), await ask()];
      expect(one.headers.get("content-type")).toBe("application/problem+json");
      expect(one.headers.get("cache-control")).toBe("no-store");
      expect(one.body).toEqual({
        type: expect.stringMatching(/^https:.*\/not_found$/),
        title: "Not found",
        status: 404,
        detail: expect.stringMatching(/.+\.$/),
        code: "not_found",
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        ...more,
      });
      expect(two.body.requestId).not.toBe(one.body.requestId);
    },
  );

  test("HT18 a refusal that is worth a retry says when, in body and header", async () => {
    const name = fixture.name();
    const body = Array.from({ length: 12 }, (_, n) => ({ clientEventId: `m.0.${n}`, type: "card.moved" }));
    const { items } = (await fixture.ask("POST", `tiny/${name}/events`, { body })).body;
    expect(items.at(-1)).toMatchObject({ error: { code: "overloaded", retryAfterMs: 250 } });
  });

  test.each([
    ["GET", "none/x", 404, "not_found"],
    ["GET", "__proto__/x", 400, "bad_request"],
    ["GET", "constructor/x", 404, "not_found"],
    ["GET", "Notes/x", 400, "bad_request"],
    ["GET", "notes/-x", 400, "bad_request"],
    ["GET", "notes/a%2Fb", 400, "bad_request"],
    ["GET", `notes/${"x".repeat(129)}`, 400, "bad_request"],
    ["GET", "notes/x/nothing", 404, "not_found"],
    ["GET", "notes/x/gates/g/more", 404, "not_found"],
    ["POST", "notes/x/call", 404, "not_found"],
    ["GET", "/v1", 404, "not_found"],
    ["GET", "/v1/nothing", 404, "not_found"],
    ["GET", "unbound/x", 501, "not_configured"],
  ])("HT19 %s %s answers %i %s", async (method, path, status, code) => {
    const answer = await fixture.ask(method, path);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test.each([
    ["PATCH", "notes/x", "GET, HEAD, DELETE"],
    ["PUT", "notes/x/events", "GET, HEAD, POST"],
    ["GET", "notes/x/lifecycle", "POST"],
    ["GET", "notes/x/status", "POST"],
    ["POST", "notes/x/state", "GET, HEAD, PUT"],
    ["GET", "notes/x/reset", "POST"],
    ["GET", "notes/x/call/add", "POST"],
    ["DELETE", "notes/x/gates", "GET, HEAD"],
    ["DELETE", "notes/x/gates/g", "GET, HEAD, POST"],
    ["POST", "notes/x/log", "GET, HEAD"],
    ["POST", "/v1/sessions", "GET, HEAD"],
  ])("HT20 %s %s answers 405 and the methods there are", async (method, path, allow) => {
    const answer = await fixture.ask(method, path);
    expect([answer.status, answer.body.code]).toEqual([405, "method_not_allowed"]);
    expect(answer.headers.get("allow")).toBe(allow);
  });

  test("HT20 HEAD answers as GET does, without the body", async () => {
    const name = fixture.name();
    const { headers } = await fixture.get(`notes/${name}`);
    const head = await fixture.ask("HEAD", `notes/${name}`);
    expect([head.status, head.body, head.headers.get("etag")]).toEqual([200, "", headers.get("etag")]);
  });
});

describe("who asks", () => {
  test("HT21 the authorizer is asked for the right each route needs", async () => {
    const name = fixture.name();
    const as = async (user: string, method: string, path: string) =>
      (await fixture.ask(method, `notes/${name}${path}`, { headers: { "x-test-user": user } })).status;
    expect(await as("reader", "GET", "")).toBe(200);
    expect(await as("reader", "GET", "/events")).toBe(200);
    for (const path of ["/events", "/status", "/reset", "/lifecycle", "/call/add", "/gates/g"])
      expect([path, await as("reader", "POST", path)]).toEqual([path, 403]);
    expect(await as("reader", "PUT", "/state")).toBe(403);
    expect(await as("mallory", "GET", "")).toBe(403);
    expect((await fixture.get(`notes/${fixture.name("private")}`)).status).toBe(401);
  });

  test("HT22 nobody can say from outside whom the object should take them for", async () => {
    const name = fixture.name();
    const headers = { "x-sessile-actor": encodeURIComponent(JSON.stringify({ id: "root", name: "Root" })) };
    expect((await fixture.ask("POST", `notes/${name}/call/whoAmI`, { body: [], headers })).body.result).toBe(
      null,
    );
    expect((await fixture.get(`/notes/${name}/suffix`, headers)).body.header).toBe(null);
    const socket = await fixture.connect(name, { headers });
    expect((await socket.greet()).actor).toBe(null);
  });

  test("HT23 a page of another site can neither write nor open a socket", async () => {
    const name = fixture.name();
    for (const origin of ["https://evil.example", "null", `http://127.0.0.1:1`]) {
      const { status } = await fixture.ask("POST", `notes/${name}/call/add`, {
        body: ["x"],
        headers: { origin },
      });
      expect([origin, status]).toEqual([origin, 403]);
      await expect(fixture.connect(name, { headers: { origin } })).rejects.toThrow("403");
    }
    const headers = { origin: fixture.url };
    expect((await fixture.ask("POST", `notes/${name}/call/add`, { body: ["x"], headers })).status).toBe(200);
    expect((await (await fixture.connect(name, { headers })).greet()).lastSeq).toBe(5);
  });
});

describe("behind a server that lets other origins through", () => {
  test("HT23 the Worker refuses pages of other sites by itself, unless the deployment names them", async () => {
    const name = fixture.name();
    const add = (origin: string) =>
      fixture.ask("POST", `notes/${name}/call/add`, { body: ["x"], headers: { origin } });
    expect(await add("https://other.example")).toMatchObject({
      status: 403,
      body: { requestId: expect.any(String) },
    });
    expect((await add("https://friend.example")).status).toBe(200);
    const refused = await fixture.connect(name, { headers: { origin: "https://other.example" } });
    expect((await refused.closed).code).toBe(4403);
    const headers = { origin: "https://friend.example" };
    expect((await (await fixture.connect(name, { headers })).greet()).lastSeq).toBe(5);
  });
});

describe("pretty address", () => {
  test("HT24 /{route}/{name} is a page for a browser, the view for a program, and a socket for a client", async () => {
    const name = fixture.name();
    const page = await fixture.get(`/notes/${name}`, { accept: "text/html,*/*;q=0.8" });
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.body).toContain(`/notes/${name}`);
    const view = await fixture.get(`/notes/${name}`, { accept: "application/json" });
    expect(view.body).toEqual((await fixture.get(`notes/${name}`)).body);
    const head = await fixture.ask("HEAD", `/notes/${name}`, { headers: { accept: "application/json" } });
    expect([head.status, head.body]).toEqual([200, ""]);
    const socket = await RawSocket.open(fixture.at(`/notes/${name}`));
    expect(await socket.greet()).toMatchObject({ view: { name } });
    await socket.close();
  });

  test("HT25 what is below it goes to the kind's onRequest, with the path that is left", async () => {
    const name = fixture.name();
    expect((await fixture.get(`/notes/${name}/a/b%20c?d=1`)).body).toMatchObject({
      pathname: "/a/b%20c",
      method: "GET",
    });
    expect((await fixture.ask("POST", `/notes/${name}/hook`, { body: {} })).body).toMatchObject({
      pathname: "/hook",
      method: "POST",
    });
    const reader = { headers: { "x-test-user": "reader" } };
    expect((await fixture.ask("POST", `/notes/${name}/hook`, reader)).status).toBe(403);
    expect((await fixture.get(`/notes/${fixture.name("private")}/a`)).status).toBe(401);
  });

  test.each(["/notes/%zz", "/notes/-x", "/notes/a%2Fb/suffix"])("HT26 %s answers 400", async (path) => {
    expect(await fixture.get(path, { accept: "application/json" })).toMatchObject({
      status: 400,
      body: { code: "bad_request" },
    });
  });

  test("HT26 a kind without a route has no pretty address", async () => {
    expect((await fixture.get(`/tiny/${fixture.name()}`)).status).toBe(404);
  });
});
