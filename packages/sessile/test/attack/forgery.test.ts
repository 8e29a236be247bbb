import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LocalProfiles } from "../../src/worker/local-profiles.ts";
import { RawSocket } from "../workerd/raw-socket.ts";
import { Fixture } from "../workerd/start.ts";
import { rawStatus, requestText } from "./raw-request.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

const root = encodeURIComponent(JSON.stringify({ id: "root", name: "Root" }));
const spellings = [
  "x-sessile-actor",
  "X-Sessile-Actor",
  "X-SESSILE-ACTOR",
  "x-sessile-actor-2",
  "x-sessile-may",
];

describe("who somebody is", () => {
  test("SE8 cannot be said in a header, in any spelling, twice, or at any door", async () => {
    const name = fixture.name();
    const { host } = new URL(fixture.url);
    for (const header of spellings) {
      const twice = [`Host: ${host}`, `${header}: ${root}`, `${header}: ${root}`];
      const call = `POST /v1/sessions/notes/${name}/call/whoAmI HTTP/1.1`;
      expect((await rawStatus(fixture.url, requestText(call, twice, "[]"))).text).toContain('"result":null');
      const suffix = await rawStatus(fixture.url, requestText(`GET /notes/${name}/a HTTP/1.1`, twice));
      expect(suffix.text).toContain('"header":null');
      for (const path of [`/v1/sessions/notes/${name}`, `/notes/${name}`, `/notes/${name}/a`]) {
        const socket = await RawSocket.open(fixture.at(path), { headers: { [header]: root } });
        expect((await socket.greet()).actor).toBe(null);
        await socket.close();
      }
    }
  });

  test("SE8 an actor that is known is passed on as it is, beside a forged one", async () => {
    const headers = { "x-test-user": "ada \u00fc \u{1f9ed}", "x-sessile-actor": root };
    const latin = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, encodeURI(v)]));
    const socket = await fixture.connect(fixture.name(), { headers: latin });
    expect((await socket.greet()).actor).toEqual({
      id: encodeURI(headers["x-test-user"]),
      name: `Name of ${encodeURI(headers["x-test-user"])}`,
    });
  });

  test("SE9 an id that somebody has used answers nobody else", async () => {
    const name = fixture.name();
    const add = (user: string, key: string) =>
      fixture.ask("POST", `notes/${name}/call/add`, {
        body: ["secret"],
        headers: { "x-test-user": user, "idempotency-key": key },
      });
    for (const key of ["a-foreign-id", "producer.0.1"]) {
      expect((await add("ada", key)).status).toBe(200);
      const stolen = await add("eve", key);
      expect([stolen.status, stolen.body.code, stolen.body.result]).toEqual([409, "fenced", undefined]);
      expect((await add("ada", key)).body.repeated).toBe(true);
    }
  });

  test("SE9 OB11 the id of somebody's asynchronous call neither tells another its answer nor keeps it from running", async () => {
    const name = fixture.name();
    for (const key of ["a-foreign-id", "producer.0.1"]) {
      const call = (user: string, method: string) =>
        fixture.ask("POST", `notes/${name}/call/${method}`, {
          body: [key],
          headers: { "x-test-user": user, "idempotency-key": key },
        });
      const arrived = () => fixture.side.next(`later/${key}`);
      const eves = call("eve", "addLater");
      const first = await arrived();
      const adas = call("ada", "addLater");
      (await arrived()).answer("ada's");
      expect((await adas).body).toMatchObject({ repeated: false, result: "ada's" });
      first.answer("eve's");
      expect((await eves).body).toMatchObject({ repeated: false, result: "eve's" });
      expect((await call("ada", "addLater")).body).toMatchObject({ repeated: true, result: "ada's" });
      expect((await call("ada", "addThenWait")).body).toMatchObject({ repeated: false });
    }
  });
});

describe("ids", () => {
  test("SE23 an Idempotency-Key that was another command's is a conflict where its answer makes no sense", async () => {
    const name = fixture.name();
    const as = { headers: { "x-test-user": "ada", "idempotency-key": "used" } };
    expect((await fixture.ask("POST", `chats/${name}/reset`, as)).status).toBe(200);
    for (const [path, body] of [
      [`/api/chat/${name}/stop`, {}],
      ["/api/chat", { id: name, message: { id: "m", role: "user", parts: [{ type: "text", text: "x" }] } }],
      [`/v1/sessions/chats/${name}/runs`, { message: "x" }],
    ] as const) {
      const answer = await fixture.ask("POST", path, { body, ...as });
      expect([path, answer.status, answer.body.code]).toEqual([path, 409, "conflict"]);
    }
  });
});

describe("profiles", () => {
  const env = { secret: "s".repeat(32) };
  const people = new LocalProfiles<typeof env>({ secret: ({ secret }) => secret });
  const asking = (cookie: string): Request => new Request("http://localhost/", { headers: { cookie } });
  const signedIn = async (name: string): Promise<{ name: string; cookie: string; full: string }> => {
    const { profile, cookie } = await people.signIn(name, null, env);
    return { name: profile.name, cookie: cookie.split(";")[0] ?? "", full: cookie };
  };

  test("SE10 a profile that came encrypted is sent encrypted only", async () => {
    const request = new Request("https://host/");
    expect((await people.signIn("Ada", null, env, request)).cookie).toMatch(/; Secure$/);
    expect(people.signOut(request)).toMatch(/; Secure$/);
    expect((await signedIn("Ada")).full).not.toContain("Secure");
  });

  test("SE10 a cookie that was not signed here is nobody's", async () => {
    const { cookie } = await signedIn("Ada");
    const [, value = ""] = cookie.split("=");
    const [payload = "", signature = ""] = value.split(".");
    const forged = Buffer.from(JSON.stringify({ id: "p_1", name: "Root" })).toString("base64url");
    const values = [
      "",
      ".",
      "..",
      payload,
      `${payload}.`,
      `.${signature}`,
      `${forged}.${signature}`,
      `${payload}.${signature.slice(0, -2)}`,
      `${payload}.${signature}.`,
      `${payload}=.${signature}`,
      `${payload}.${"A".repeat(43)}`,
      "%00.%00",
      `${"A".repeat(10_000)}.x`,
    ];
    for (const bad of values) expect(await people.identify(asking(`sessile_profile=${bad}`), env)).toBe(null);
    expect(await people.identify(asking(cookie), { secret: "t".repeat(32) })).toBe(null);
    expect(await people.identify(asking(cookie), env)).toMatchObject({ name: "Ada" });
  });

  test("SE10 the cookie is out of reach of scripts and of other sites' requests", async () => {
    const { full } = await signedIn("Ada");
    expect(full).toMatch(/; HttpOnly(;|$)/);
    expect(full).toMatch(/; SameSite=Lax(;|$)/);
    expect(full).toMatch(/; Path=\/(;|$)/);
    await expect(people.signIn("Ada", null, { secret: "short" })).rejects.toThrow("SESSILE_SECRET");
  });

  test("SE11 a name has visible letters, at most 80, and nothing that turns text around", async () => {
    for (const name of [
      "\u202eadA\u2066",
      "A\u0000d\u001ba",
      "A\u200bd\u200da\ufeff",
      "A\u3164d\u034fa",
      "\ud800Ada",
    ])
      expect((await signedIn(name)).name.toLowerCase()).toBe("ada");
    expect((await signedIn("Ada\u00a0 \u3000 Lovelace")).name).toBe("Ada Lovelace");
    for (const name of [
      "",
      " ",
      "\u3164",
      "\u2800",
      "\ufe0f",
      "\u200b",
      "\ud800",
      "a".repeat(81),
      5,
      null,
      {},
    ])
      await expect(people.signIn(name, null, env)).rejects.toMatchObject({ code: "bad_request" });
  });
});
