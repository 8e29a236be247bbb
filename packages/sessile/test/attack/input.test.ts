import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RawSocket } from "../workerd/raw-socket.ts";
import { Fixture } from "../workerd/start.ts";
import { rawStatus, requestText } from "./raw-request.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

/** Asks with the target as it stands, which `fetch` would tidy up. */
async function asIs(method: string, target: string, body = ""): Promise<{ status: number; text: string }> {
  const { host } = new URL(fixture.url);
  return rawStatus(fixture.url, requestText(`${method} ${target} HTTP/1.1`, [`Host: ${host}`], body));
}

describe("addresses", () => {
  const odd = [
    "..",
    "%2e%2e",
    "%00",
    "a%00b",
    "a%2Fb",
    "a%2f..%2fb",
    "a%5Cb",
    "%ff",
    "%zz",
    "%",
    "%ED%A0%80",
    "%F0%9F%A7%AD",
    "caf%C3%A9",
    "%E2%80%AEabc",
    // Cyrillic, and full-width: letters that look like others.
    "%D0%B0da",
    "%EF%BD%81da",
    "a%20b",
    "a;b",
    "a,b",
    "a'--",
    "%27%20OR%201=1",
    "-x",
    "~x",
    "x".repeat(129),
    "x".repeat(5000),
  ];

  test.each(odd)("SE12 the name %j reaches no session", async (name) => {
    for (const target of [
      `/v1/sessions/notes/${name}`,
      `/v1/sessions/notes/${name}/call/whoAmI`,
      `/notes/${name}`,
      `/notes/${name}/a`,
      `/v1/sessions/${name}/x`,
    ]) {
      for (const method of ["GET", "POST"]) {
        const { status, text } = await asIs(method, target, method === "POST" ? "[]" : "");
        // Dots are tidied away before anyone sees them: what is left of these is no address.
        const known = status >= 400 && status < 500;
        expect([method, target, status, known]).toEqual([method, target, status, true]);
        expect(text).not.toMatch(/"lifecycle"|"pathname"/);
      }
    }
  });

  test.each([
    "__proto__",
    "constructor",
    "prototype",
    "hasOwnProperty",
    "toString",
    "NOTES",
    "notes%00",
    "n%C3%B6tes",
    "n%D0%BEtes",
  ])("SE12 the kind %j is none", async (kind) => {
    const { status } = await asIs("GET", `/v1/sessions/${kind}/x`);
    expect([400, 404]).toContain(status);
    expect((await asIs("GET", `/v1/sessions?kind=${kind}`)).status).toBe(404);
  });

  test("SE12 an encoded letter changes nothing: the same session, under the same rights", async () => {
    const name = fixture.name("private");
    const encoded = name.replace("p", "%70");
    for (const target of [`/v1/sessions/%6eotes/${encoded}`, `/notes/${encoded}/a`, `/%6eotes/${encoded}/a`])
      expect([target, (await asIs("GET", target)).status]).toEqual([target, 401]);
  });
});

describe("queries", () => {
  test.each([
    "after=-1",
    "after=1e3",
    "after=0x1",
    "after=9007199254740992",
    "after=99999999999999999999",
    "after=NaN",
    "after=1.5",
    "after=%00",
    "limit=0",
    "limit=1001",
    "limit=-1",
    "limit=%F0%9F%A7%AD",
    "wait=56",
    "wait=Infinity",
  ])("SE13 events?%s is refused by its name", async (query) => {
    const answer = await fixture.get(`notes/${fixture.name()}/events?${query}`);
    expect([answer.status, answer.body.field]).toEqual([400, query.split("=")[0]]);
  });

  test("SE13 no search, order, status or cursor of a list reaches the database as anything but a value", async () => {
    const name = fixture.name("listed");
    await fixture.call(name, "add", "x");
    await expect.poll(async () => (await fixture.get(`/v1/sessions?q=${name}`)).body.items).toHaveLength(1);
    for (const value of [
      "%25",
      "_",
      "'",
      '"',
      "' OR '1'='1",
      "%' --",
      "\u0000",
      "*",
      "listed%",
      "; DROP TABLE x",
    ]) {
      for (const field of ["q", "status"]) {
        const answer = await fixture.get(`/v1/sessions?${field}=${encodeURIComponent(value)}`);
        expect([field, value, answer.status, answer.body.items]).toEqual([field, value, 200, []]);
      }
      for (const field of ["order", "cursor", "lifecycle", "limit"]) {
        const answer = await fixture.get(`/v1/sessions?${field}=${encodeURIComponent(value)}`);
        expect([field, value, answer.status]).toEqual([field, value, 400]);
      }
    }
    for (const order of ["__proto__", "constructor", "updatedAt,name", "-", "searchText"])
      expect((await fixture.get(`/v1/sessions?order=${order}`)).status).toBe(400);
  });

  test.each([
    [[1, "-updatedAt", 1e308, "notes/x"], 200],
    [[1, "-updatedAt", "1 OR 1=1", "notes/x"], 400],
    [[1, "-updatedAt", 1, ""], 400],
    [[1, "-updatedAt", null, "x"], 400],
    [[1, "-updatedAt", 1, ["x"]], 400],
    [[1, "title", 1, "x"], 400],
    [{ __proto__: null, length: 4 }, 400],
    [{ length: { toString: 1 } }, 400],
    [[1, "-updatedAt", 1, { length: { toString: 1 } }], 400],
    [[2, "-updatedAt", 1, "x"], 400],
  ])("SE13 the cursor %j is read by its schema", async (cursor, status) => {
    const text = Buffer.from(JSON.stringify(cursor)).toString("base64url");
    expect((await fixture.get(`/v1/sessions?cursor=${text}`)).status).toBe(status);
  });
});

describe("bodies", () => {
  const append = (payload: string): string =>
    `{"clientEventId":"a","type":"note.added","payload":${payload}}`;

  test.each([
    ['{"__proto__":{"polluted":true}}'],
    ['{"a":{"b":[{"__proto__":1}]}}'],
    ['{"\\u005f_proto__":1}'],
  ])("SE14 %s is refused wherever it stands", async (payload) => {
    const name = fixture.name();
    for (const [method, path, text] of [
      ["POST", "events", append(payload)],
      ["POST", "events", `[${append(payload)}]`],
      ["POST", "call/add", `[${payload}]`],
      ["PUT", "state", payload],
      ["POST", "status", payload],
      ["POST", "gates/g", payload],
    ] as const) {
      const answer = await fixture.ask(method, `notes/${name}/${path}`, { text });
      expect([path, answer.status, answer.body.code]).toEqual([path, 400, "bad_request"]);
    }
    expect(({} as Record<string, unknown>).polluted).toBe(undefined);
  });

  test("SE14 a constructor's prototype is a value like any other, and changes no object", async () => {
    const name = fixture.name();
    const payload = { constructor: { prototype: { polluted: true } }, toString: 1, hasOwnProperty: null };
    await fixture.ask("POST", `notes/${name}/events`, {
      body: { clientEventId: "a", type: "note.added", payload },
    });
    expect((await fixture.log(name)).at(-1)?.payload).toEqual(payload);
    const text = JSON.stringify((await fixture.get(`notes/${fixture.name()}`)).body);
    expect(text).not.toContain("polluted");
  });

  test.each([
    ["nested too deeply", append("[".repeat(70) + "]".repeat(70)), 413],
    ["nested without an end", "[".repeat(500_000), 400],
    ["nested objects without an end", '{"a":'.repeat(200_000), 400],
    ["no JSON", "{'a':1}", 400],
    ["a number alone", "1e999", 400],
    ["nothing", "", 400],
    ["a NUL", "\u0000", 400],
    ["a wrong form", "null", 400],
    ["more than 512 in one", `[${Array.from({ length: 513 }, () => append("1")).join(",")}]`, 413],
    ["a long unknown key", `{"clientEventId":"a","type":"note.added","${"\u00e9".repeat(100_000)}":1}`, 400],
  ])("SE15 a body with %s is refused in a few words", async (_what, text, status) => {
    const answer = await fixture.ask("POST", `notes/${fixture.name()}/events`, { text });
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body).length).toBeLessThan(1000);
  });

  test("SE15 bytes that are no UTF-8, or packed, are refused and not stored as something else", async () => {
    const name = fixture.name();
    const before = (await fixture.get(`notes/${name}`)).body.lastSeq;
    const good = Buffer.from(append('"x"'));
    const broken = Buffer.from(good);
    broken[good.length - 3] = 0xff;
    for (const body of [broken, gzipSync(good), Buffer.from(`\ufeff${append('"x"')}`, "utf16le")]) {
      const response = await fetch(fixture.at(`notes/${name}/events`), { method: "POST", body });
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
        400,
        "bad_request",
      ]);
    }
    expect((await fixture.get(`notes/${name}`)).body.lastSeq).toBe(before);
  });

  test("SE15 half a letter is kept as it came, in a payload", async () => {
    const name = fixture.name();
    await fixture.ask("POST", `notes/${name}/events`, { text: append('"a\\ud800\\u0000b"') });
    expect((await fixture.log(name)).at(-1)?.payload).toBe("a\ud800\u0000b");
  });
});

describe("methods", () => {
  const inherited: string[] = [];
  for (const prototype of [Object.prototype, Function.prototype, Array.prototype])
    inherited.push(...Object.getOwnPropertyNames(prototype));
  const fields = [
    ..."ctx env kind name state view sql setState resetState append setStatus setLifecycle openGate answerGate".split(
      " ",
    ),
    ..."expireGate gates gate approvedArguments setTimer cancelTimer startWork commit readEvents log onCreate onStart onRequest".split(
      " ",
    ),
    ..."onConnect onMessage onTimer onGate onGateEscalated gatePoliciesOf onCommit validateState validateEvent authorize describe recordOf".split(
      " ",
    ),
    ..."handleSessionRequest fetch webSocketMessage webSocketClose alarm works limits migrations workflow".split(
      " ",
    ),
    ..."clientWrites snapshots retention initialState caller plain plainField then __proto__".split(" "),
    "",
    "\u0000",
    "add ",
    "ADD",
    "add\u200b",
  ];

  const names = [...new Set([...inherited, ...fields])];

  test("SE16 nothing but what is marked can be called, whatever it is called", async () => {
    const socket = await fixture.live(fixture.name());
    const acks = await socket.do(
      ...names.map((method, n) => ({ id: `c.0.${n}`, op: "call", method, args: [] })),
    );
    const reached = acks.filter((ack) => !("error" in ack && ack.error.code === "not_found"));
    expect(reached).toEqual([]);
    expect(names.length).toBeGreaterThan(80);
  });

  test("SE16 nor by a client of the Agents SDK", async () => {
    const socket = await RawSocket.open(fixture.at(`/agents/notes/${fixture.name()}`), { protocols: [] });
    for (const method of names) socket.send({ type: "rpc", id: method || "none", method, args: [] });
    const answers = () =>
      (socket.frames as unknown as { type: string; id: string; code?: string }[]).filter(
        ({ type }) => type === "rpc",
      );
    await expect.poll(() => answers()).toHaveLength(names.length);
    expect(answers().filter(({ code }) => code !== "not_found")).toEqual([]);
    await socket.close();
  });
});
