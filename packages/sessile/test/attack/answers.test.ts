import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Answer } from "../workerd/start.ts";
import { Fixture } from "../workerd/start.ts";
import { inside } from "./inside.ts";
import { pathOf, routeRules } from "./route-rules.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

function assertOpaque(answer: Answer): void {
  expect(JSON.stringify([answer.body, [...answer.headers]])).not.toMatch(inside);
}

describe("errors", () => {
  test.each(["addThenThrow", "breakSql", "failLater", "sneaky", "giveDate", "addThenRefuse"])(
    "SE21 %s fails and shows nothing of its inside, over HTTP, a socket and the log",
    async (method) => {
      const name = fixture.name();
      const answer = await fixture.ask("POST", `notes/${name}/call/${method}`, { body: ["x"] });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      assertOpaque(answer);
      const socket = await fixture.live(name);
      await socket.do({ id: "a", op: "call", method, args: ["x"] });
      expect(JSON.stringify(socket.frames)).not.toMatch(inside);
    },
  );

  test("SE21 a kind's own requests fail as its methods do: with a code, and nothing of the inside", async () => {
    const name = fixture.name();
    const [failed, rejected] = [
      await fixture.get(`/notes/${name}/throw`),
      await fixture.get(`/notes/${name}/reject`),
    ];
    expect([failed.status, failed.body.code]).toEqual([500, "internal"]);
    expect([rejected.status, rejected.body.code]).toEqual([422, "rejected"]);
    assertOpaque(failed);
  });

  test("SE21 nor does a database that is away", async () => {
    const name = fixture.name();
    await fixture.call(name, "add", "x");
    await fixture.ask("POST", "/test/d1/down");
    try {
      for (const path of ["/v1/sessions", `notes/${name}/head`]) {
        const answer = await fixture.get(path);
        expect([path, answer.status]).toEqual([path, 503]);
        assertOpaque(answer);
      }
    } finally {
      await fixture.ask("POST", "/test/d1/up");
    }
  });

  test("SE21 every route refuses nonsense as a client's fault", async () => {
    const name = fixture.name();
    await fixture.get(`notes/${name}`);
    for (const { route } of routeRules.filter(({ route }) => !route.startsWith("ALL"))) {
      const { method, path } = pathOf(route, name);
      for (const text of method === "GET" ? [undefined] : ["\u0000", '{"a":', "[[[]]]", '"x"', '{"to":{}}']) {
        const answer = await fixture.ask(method, path, {
          ...(text === undefined ? {} : { text }),
          headers: {
            "if-match": "W/\u0022x",
            "idempotency-key": "a b",
            "last-event-id": "-1",
            range: "bytes=9-",
          },
        });
        expect([route, text, answer.status < 500]).toEqual([route, text, true]);
        assertOpaque(answer);
      }
    }
  });
});

describe("headers", () => {
  test("SE22 what a session says is kept by no shared cache and is not guessed at", async () => {
    const name = fixture.name();
    await fixture.get(`notes/${name}`);
    // Public keys are no session's.
    const ofSessions = routeRules.filter(
      ({ route }) => !route.startsWith("ALL") && !route.endsWith("/jwks.json"),
    );
    for (const { route, body } of ofSessions) {
      const { method, path } = pathOf(route, name);
      const { headers } = await fixture.ask(method, path, body === undefined ? {} : { body });
      const cache = headers.get("cache-control") ?? "";
      expect([route, headers.get("x-content-type-options")]).toEqual([route, "nosniff"]);
      expect([route, cache]).toEqual([route, expect.stringMatching(/no-store|^private, no-cache$/)]);
    }
    expect((await fixture.get(`/notes/${name}/a`)).headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("SE22 a tag that is right tells nothing to who may not read", async () => {
    const name = fixture.name("private");
    const ada = { "x-test-user": "ada" };
    for (const path of ["", "/state", "/events"]) {
      const etag = (await fixture.get(`notes/${name}${path}`, ada)).headers.get("etag") ?? "";
      expect(etag).not.toBe("");
      const mine = await fixture.get(`notes/${name}${path}`, { ...ada, "if-none-match": etag });
      const theirs = await fixture.get(`notes/${name}${path}`, { "if-none-match": etag });
      expect([mine.status, theirs.status]).toEqual([304, 401]);
    }
  });

  test("SE22 no header makes a request another method", async () => {
    const name = fixture.name();
    for (const header of ["x-http-method-override", "x-http-method", "x-method-override", "_method"]) {
      const answer = await fixture.ask("GET", `notes/${name}/reset`, { headers: { [header]: "POST" } });
      expect([header, answer.status]).toEqual([header, 405]);
    }
    expect((await fixture.get(`notes/${name}/reset?_method=POST`)).status).toBe(405);
  });
});
