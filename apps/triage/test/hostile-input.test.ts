import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pathOf, routeRules } from "../../../packages/sessile/test/attack/route-rules.ts";
import { describeFinding, fuzz } from "../../../packages/sessile/test/fuzz/fuzz.ts";
import type { Hostile } from "../../../packages/sessile/test/fuzz/hostile.ts";
import { disturbed } from "../../../packages/sessile/test/fuzz/targets/hostile-request.ts";
import { httpTarget } from "../../../packages/sessile/test/fuzz/targets/http.ts";
import { problemOf, Triage } from "./fixtures/triage-server.ts";

let triage: Triage;
let incident = "";
beforeAll(async () => {
  triage = await (await Triage.start({ entry: "./table-worker.ts" })).signIn("Ada");
  await triage.fetch("/api/sample", { method: "POST" });
  incident = (await triage.incidents())[0]?.name ?? "";
});
afterAll(() => triage[Symbol.asyncDispose]());

describe("the queue", () => {
  test.each([
    ["99 times one word", `q=${"a+".repeat(99)}`, 200],
    ["too many words", `q=${encodeURIComponent(Array.from({ length: 41 }, (_, n) => n).join(" "))}`, 400],
    ["letters that are many words each", `q=${encodeURIComponent("\ufdfa".repeat(150))}`, 200],
    ["a status many times", `status=${"new,".repeat(150)}`, 200],
    ["a status that is SQL", "status=new')--", 400],
    ["wildcards", "q=%25%25_", 200],
    ["a quote", "q='", 200],
    ["a NUL", "q=%00", 200],
    ["half a letter", "q=%ED%A0%80", 200],
    ["an inherited order", "sort=__proto__", 400],
    ["an order that is SQL", "sort=name;--", 400],
    ["no limit", "limit=1e400", 400],
    ["a limit below one", "limit=-1", 400],
    ["a cursor of nothing", "cursor=AAAA", 400],
  ])("takes %s for what it is", async (_what, query, status) => {
    for (const path of status === 200 ? ["/api/incidents", "/api/summary"] : ["/api/incidents"])
      expect([path, (await triage.fetch(`${path}?${query}`)).status]).toEqual([path, status]);
  });

  test.each([
    ["numbers out of all bounds", '["-severity",1e308,-1e308,"x"]', 200],
    ["no number", '["-severity",1e999,2,"x"]', 400],
    ["SQL for a number", '["-severity","1 OR 1",2,"x"]', 400],
    ["an array in an array", '["-severity",[1],2,"x"]', 400],
    ["another order", '["title","a","b"]', 400],
    ["a NUL", '["-severity",1,2,"\\u0000"]', 200],
  ])("reads a cursor with %s by its schema", async (_what, text, status) => {
    const cursor = Buffer.from(text).toString("base64url");
    expect((await triage.fetch(`/api/incidents?cursor=${cursor}`)).status).toBe(status);
  });
});

describe("uploads and profiles", () => {
  const whole = gzipSync('{"a":1}\n'.repeat(500));
  test.each([
    ["bytes that were never packed", "gzip", Buffer.from("garbage")],
    ["a packed file that was cut", "gzip", whole.subarray(0, whole.length - 12)],
    ["something after the end", "gzip", Buffer.concat([whole, Buffer.from("x")])],
    ["another packing than it says", "deflate", whole],
  ])("%s are the sender's fault, with or without progress", async (_what, encoding, body) => {
    const send = (accept: string) =>
      triage.fetch("/api/alerts", {
        method: "POST",
        body,
        headers: { "content-encoding": encoding, accept },
      });
    const refused = await send("*/*");
    expect(refused.status).toBe(400);
    expect(await problemOf(refused)).toMatchObject({ code: "bad_request", field: "body" });
    expect(await (await send("application/x-ndjson")).text()).toContain('"code":"bad_request"');
  });

  test("a bomb is unpacked a piece at a time, and the server goes on answering", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
    const upload = triage.fetch("/api/alerts", {
      method: "POST",
      body: bomb,
      headers: { "content-encoding": "gzip" },
    });
    expect((await triage.fetch("/api/config")).status).toBe(200);
    expect((await upload).status).toBe(400);
  });

  test("senders who leave in the middle leave no complaint in the log", async () => {
    const lines: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = (text: string | Uint8Array) => lines.push(String(text)) > 0;
    try {
      for (let sender = 0; sender < 5; sender++) {
        const leaving = new AbortController();
        const body = new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('{"a":1}\n{')),
        });
        const sent = triage.fetch("/api/alerts", {
          method: "POST",
          body,
          duplex: "half",
          signal: leaving.signal,
        } as RequestInit);
        setTimeout(() => leaving.abort(), 50);
        await expect(sent).rejects.toThrow();
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    } finally {
      process.stderr.write = write;
    }
    expect(lines).toEqual([]);
  });

  test("a profile that is too large is refused by its size", async () => {
    for (const name of ["a".repeat(5000), "\u00e9".repeat(3000)]) {
      const answer = await triage.fetch("/api/profile", { method: "POST", body: JSON.stringify({ name }) });
      expect([answer.status, (await problemOf(answer)).code]).toEqual([413, "limit_exceeded"]);
    }
  });

  test.each(["", "{", "null", "[]", "5", '{"name":5}', '{"name":{}}', '{"__proto__":{"name":"x"}}'])(
    "%j is no profile",
    async (body) => {
      expect((await triage.fetch("/api/profile", { method: "POST", body })).status).toBe(400);
    },
  );

  test("the feed asked for without a socket says that it is one", async () => {
    const answer = await triage.fetch("/api/feed");
    expect([answer.status, (await problemOf(answer)).field]).toEqual([400, "upgrade"]);
  });
});

describe("an incident", () => {
  test.each([
    ["evidence", [{ kind: ["x"] }]],
    ["evidence", [{ kind: {}, limit: "5" }]],
    ["evidence", [{ limit: -1, cursor: {} }]],
    ["evidence", ["x"]],
    ["evidence", [null]],
    ["addNote", [{ a: 1 }]],
    ["addNote", []],
    ["editNote", ["__proto__", {}, []]],
    ["retryAnalysis", ["constructor"]],
    ["retryAnalysis", [{ toString: 1 }]],
    ["decideAction", [{}, [], {}]],
    ["recordDecision", [{}, {}]],
  ])("%s(%j) fails as a client's fault or not at all", async (method, args) => {
    expect((await triage.call(incident, method, ...args)).status).toBeLessThan(500);
  });
});

describe("routes", () => {
  /** Of the app's own, with what each answers everybody: the queue is one for all who reach the server. */
  const own: { readonly [route: string]: { readonly status: number; readonly body?: string } } = {
    "GET /api/config": { status: 200 },
    "POST /api/profile": { status: 200, body: '{"name":"Eve"}' },
    "DELETE /api/profile": { status: 204 },
    // A socket.
    "GET /api/feed": { status: 400 },
    "POST /api/alerts": { status: 200, body: '{"a":1}' },
    "POST /api/sample": { status: 200 },
    "GET /api/alerts/:hash": { status: 404 },
    "GET /api/incidents": { status: 200 },
    "GET /api/summary": { status: 200 },
    "GET /api/incidents/:name": { status: 200 },
    "GET /api/incidents/:name/alerts": { status: 200 },
  };
  const person = () => ({ cookie: triage.cookie });
  const send = (route: string, path: string, headers: Record<string, string>, body?: unknown) => {
    const [method = ""] = route.split(" ");
    return fetch(`${triage.url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  };

  test("what is made by chance is refused or taken for what it is", async () => {
    const queries =
      "q=x&status=new&sort=-severity&limit=5&kind=telemetry&severity=high&from=2026-01-01T00:00:00Z".split(
        "&",
      );
    const calls: readonly (readonly [method: string, args: readonly unknown[]])[] = [
      ["evidence", [{ kind: "alert", limit: 5, cursor: "AAAA" }]],
      ["addNote", ["x"]],
      ["editNote", ["n", 1, "x"]],
      ["retryAnalysis", ["network"]],
      ["decideAction", ["a", "approved", "x"]],
      ["recordDecision", ["false-positive", "x"]],
    ];
    // The sample takes nothing.
    const taking = Object.entries(own).filter(([route]) => !route.endsWith("/sample"));
    const requestOf = (hostile: Hostile) => {
      const { random } = hostile;
      if (random.chance(0.4)) {
        const [method, args] = random.pick(calls);
        const path = `/v1/sessions/incident/${incident}/call/${method}`;
        return disturbed(hostile, { method: "POST", path, headers: person(), body: hostile.like([args]) });
      }
      const [route, { body = null }] = random.pick(taking);
      const [method = "", path = ""] = route.split(" ");
      const query = random.chance(0.5)
        ? `?${hostile.mangle(random.pick(queries)).replace(/[^!-~]|#/g, "")}`
        : "";
      return disturbed(hostile, {
        method,
        path: path.replace(":name", incident).replace(":hash", "0".repeat(64)) + query,
        headers: person(),
        body: body && hostile.like([JSON.parse(body)]),
      });
    };
    const target = httpTarget({ name: "triage", weight: 1, url: triage.url, requestOf });
    const findings = await fuzz(target, "test", { count: 200 });
    expect(findings.map(describeFinding).join("\n")).toBe("");
  });

  test("each of the app's own has a rule", async () => {
    const served = await triage.get<readonly string[]>("/test/routes");
    const routes = served.filter((route) => route.includes(" /api/") && !route.startsWith("ALL "));
    expect([...new Set(routes)].sort()).toEqual(Object.keys(own).sort());
  });

  test.each(Object.entries(own))(
    "%s answers everybody, but no page of another origin",
    async (route, rule) => {
      const path = (route.split(" ")[1] ?? "").replace(":name", incident).replace(":hash", "0".repeat(64));
      for (const headers of [{}, person()])
        expect((await send(route, path, headers, rule.body)).status).toBe(rule.status);
      const foreign = { ...person(), origin: "https://evil.example" };
      expect((await send(route, path, foreign, rule.body)).status).toBe(403);
    },
  );

  const ofSessions = routeRules.filter(
    ({ route, right }) => right !== "open" && route.includes("/:kind/:name") && !route.includes("/inspect"),
  );
  test.each(ofSessions)(
    "$route: everybody reads, whoever has a name works on incidents, nobody administers or gives agents orders",
    async ({ route, right, body }) => {
      const { path } = pathOf(route, incident);
      for (const [address, mayWork] of [
        [`/incident/${incident}`, right !== "admin"],
        [`/investigator/${incident}.coordinator`, right === "read"],
      ] as const) {
        const place = path.replace(`/notes/${incident}`, address);
        const refusals = [];
        for (const headers of [{}, person()]) {
          const answer = await send(route, place, headers, body);
          // What the kind itself forbids, it forbids in other words.
          const isRefused = /"code":"unauthenticated"|"detail":"You may not/.test(await answer.text());
          refusals.push(isRefused ? answer.status : null);
        }
        expect([place, ...refusals]).toEqual([place, right === "read" ? null : 401, mayWork ? null : 403]);
      }
    },
  );
});
