import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { compatibilityDate, rawRequest, temporaryFolder } from "./fixtures/processes.ts";
import { counterWorker } from "./fixtures/workers.ts";
import type { Server } from "./serve.ts";
import { serve } from "./serve.ts";

const folder = temporaryFolder();
let server: Server;

beforeAll(async () => {
  const site = join(folder.path, "site");
  mkdirSync(join(site, "assets", "sessions"), { recursive: true });
  writeFileSync(join(site, "index.html"), "<!doctype html><title>App</title>");
  writeFileSync(join(site, "assets", "index-DiwrgTda.js"), "export {};");
  writeFileSync(join(site, "assets", "sessions", "support-agent-v2.js"), "export {};");
  writeFileSync(join(site, "a file.txt"), "spaced");
  writeFileSync(join(site, ".env"), "KEY=1");
  server = await serve({
    worker: { source: counterWorker() },
    dir: join(folder.path, "data"),
    port: 0,
    compatibilityDate,
    durableObjects: { COUNTER: { className: "Counter" } },
    allowedHosts: ["Sessions.example"],
    assets: { directory: site, workerFirst: ["/api/*", "!/api/page"], binding: "FILES" },
    log: () => {},
  });
});

afterAll(async () => {
  try {
    await server.close();
  } finally {
    folder[Symbol.dispose]();
  }
});

const page = { accept: "text/html,*/*;q=0.8" };

describe("who may ask", () => {
  test.each([
    ["its own address", () => ({ host: `127.0.0.1:${server.port}` }), 200],
    ["localhost", () => ({ host: `LocalHost:${server.port}` }), 200],
    ["IPv6 loopback", () => ({ host: `[::1]:${server.port}` }), 200],
    ["a configured name", () => ({ host: "sessions.example" }), 200],
    ["its own origin", () => ({ origin: server.url }), 200],
    ["its own origin under another of its names", () => ({ origin: `http://localhost:${server.port}` }), 200],
    [
      "a configured name over TLS",
      () => ({ host: "sessions.example", origin: "https://sessions.example" }),
      200,
    ],
    ["a rebound name", () => ({ host: `evil.example:${server.port}` }), 403],
    ["another port", () => ({ host: "127.0.0.1:1" }), 403],
    ["a foreign origin", () => ({ origin: "https://evil.example" }), 403],
    ["another port's page", () => ({ origin: "http://127.0.0.1:1" }), 403],
    ["an opaque origin", () => ({ origin: "null" }), 403],
    ["another site's image", () => ({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }), 403],
    [
      "another site's frame",
      () => ({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }),
      403,
    ],
    [
      "another site's link",
      () => ({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }),
      200,
    ],
  ])("%s", async (_, headers, status) => {
    const response = await rawRequest(`${server.url}/api/x`, headers());
    expect(response.status).toBe(status);
    if (status === 403) {
      expect(response.headers["content-type"]).toBe("application/problem+json");
      expect(JSON.parse(response.body)).toMatchObject({ status: 403, code: "forbidden" });
    }
  });

  test("files are refused to a foreign host as well", async () => {
    expect((await rawRequest(`${server.url}/`, { host: "evil.example" })).status).toBe(403);
  });

  test("a WebSocket from a foreign origin is refused, one from here is not", async () => {
    const connect = (origin: string) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(`${server.url.replace("http", "ws")}/socket`, { origin });
        socket.on("open", () => {
          socket.close();
          resolve("open");
        });
        socket.on("error", (error) => resolve(error.message));
      });
    expect(await connect("https://evil.example")).toContain("403");
    expect(await connect(server.url)).toBe("open");
  });
});

test("FR26 a Worker is told that others reach it too", async () => {
  expect(await (await fetch(`${server.url}/vars`)).json()).toEqual({ isLocal: false });
});

test("headers that only the infrastructure may set do not come from a client", async () => {
  const forged = {
    "x-sessile-actor": "admin",
    "cf-connecting-ip": "6.6.6.6",
    "mf-original-url": "http://evil.example/",
    "mf-cf-blob": '{"clientIp":"6.6.6.6"}',
    "x-kept": "yes",
  };
  const { body } = await rawRequest(`${server.url}/request`, forged);
  const seen = JSON.parse(body) as { url: string; headers: [string, string][]; cf: unknown };
  const names = seen.headers.map(([name]) => name);
  expect(names).toContain("x-kept");
  expect(names.filter((name) => /^(x-sessile|mf|cf)-/.test(name))).toEqual([]);
  expect(seen.url).toBe(`${server.url}/request`);
  expect(seen.cf ?? {}).toEqual({});
});

test("a request cleansed of forged headers keeps its method, its body and its upgrade", async () => {
  const headers = { "x-sessile-actor": "admin", "content-type": "text/plain" };
  const posted = await fetch(`${server.url}/api/echo`, { method: "POST", headers, body: "the body" });
  expect(await posted.text()).toBe("the body");

  const socket = new WebSocket(`${server.url.replace("http", "ws")}/socket`, { headers: { "cf-ray": "1" } });
  await once(socket, "open");
  socket.send("hello");
  const [message] = await once(socket, "message");
  expect(String(message)).toMatch(/ hello$/);
  socket.close();
});

describe("static files", () => {
  test("have their type, their length and an ETag that saves sending them again", async () => {
    const first = await rawRequest(`${server.url}/`);
    expect(first).toMatchObject({
      status: 200,
      body: "<!doctype html><title>App</title>",
      headers: {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "content-length": "33",
      },
    });
    const { etag } = first.headers;
    const again = await rawRequest(`${server.url}/`, { "if-none-match": `"other", W/${etag}` });
    expect(again).toMatchObject({ status: 304, body: "", headers: { etag } });
  });

  test("with a hash in their name are kept for ever", async () => {
    const { headers } = await rawRequest(`${server.url}/assets/index-DiwrgTda.js`);
    expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(headers["content-type"]).toBe("text/javascript; charset=utf-8");
  });

  test("of a kind's page are asked for anew, whatever the kind is called", async () => {
    const { headers } = await rawRequest(`${server.url}/assets/sessions/support-agent-v2.js`);
    expect(headers["cache-control"]).toBe("no-cache");
  });

  test("answer HEAD without a body", async () => {
    const { status, headers, body } = await rawRequest(`${server.url}/a%20file.txt`, {}, "HEAD");
    expect({ status, length: headers["content-length"], body }).toEqual({
      status: 200,
      length: "6",
      body: "",
    });
    expect((await rawRequest(`${server.url}/a%20file.txt`)).body).toBe("spaced");
  });

  test("a page at an unknown path is the app; a fetch, a POST and the Worker's own paths are the Worker's", async () => {
    const ask = async (path: string, headers: Record<string, string> = {}, method = "GET") =>
      (await rawRequest(server.url + path, headers, method)).body;
    const app = "<!doctype html><title>App</title>";
    expect(await ask("/incidents/7", page)).toBe(app);
    expect(await ask("/incidents/7", { ...page, "sec-fetch-mode": "navigate" })).toBe(app);
    expect(await ask("/api/page", page)).toBe(app);
    expect(await ask("/incidents/7")).toMatch(/^\d+$/);
    expect(await ask("/incidents/7", { ...page, "sec-fetch-mode": "cors" })).toMatch(/^\d+$/);
    expect(await ask("/", page, "POST")).toMatch(/^\d+$/);
    expect(await ask("/api/x", page)).toBe("worker /api/x");
  });

  test.each(["/.env", "/%2e%2e/data/secret", "/..%2fdata%2fsecret", "/%", "/assets/", "/__proto__"])(
    "nothing else of the disk: %s",
    async (path) => {
      const { body } = await rawRequest(server.url + path);
      expect(body).toMatch(/^\d+$/);
    },
  );

  test("the Worker can fetch them through a binding", async () => {
    const { status, body } = await rawRequest(`${server.url}/own-file`);
    expect({ status, body }).toEqual({ status: 200, body: "<!doctype html><title>App</title>" });
  });
});
