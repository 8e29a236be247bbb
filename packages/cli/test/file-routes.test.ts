import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { connect } from "sessile/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RoutedProject } from "./routed-project.ts";

const typescript = fileURLToPath(new URL("../../../node_modules/.bin/tsc", import.meta.url));
const cli = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const staff = { "x-key": "staff" };
let project: RoutedProject;

beforeAll(async () => {
  project = new RoutedProject();
  project.generate();
  await project.serve();
});
afterAll(() => project.stop());

const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(project.url + path, init);
const json = async (path: string, init?: RequestInit) => (await ask(path, init)).json();
const add = (kind: string, name: string, by: number) =>
  json(`/v1/sessions/${kind}/${name}/call/add`, { method: "POST", body: `[${by}]`, headers: staff });

/** How a socket that was accepted and closed ended. */
async function closed(path: string, protocols?: string): Promise<number> {
  const socket = new WebSocket(project.url.replace("http", "ws") + path, protocols);
  return new Promise((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
}

test("FR10 FR24: the generated environment and hooks compile, state is undefined until the first frame, and wrong uses do not compile", () => {
  execFileSync(typescript, ["-p", project.root], { stdio: "pipe", encoding: "utf8" });
});

test("FR1 AG16: an agent that declares no kind is one by its name, at its folder's address, and takes states of pages", async () => {
  const sent = await ask("/helper/mine/x", { method: "POST", body: "hi" });
  expect(await sent.json()).toEqual({ topic: "general", count: 1 });
  const client = connect<{ readonly initialState: { messages: string[]; topic: string } }>({
    url: project.url,
    kind: "helper-agent",
    name: "mine",
  });
  await client.setState({ messages: [], topic: "written by a page" });
  client.close();
  expect(await json("/helper/mine/x")).toEqual({ topic: "written by a page", count: 0 });
});

describe("FR11: addresses", () => {
  test("the longest route has an address, and the session sees what follows its name", async () => {
    expect(await json("/teams/red/x/y", { headers: staff })).toMatchObject({
      kind: "team",
      name: "red",
      pathname: "/x/y",
    });
    expect(await json("/teams/board/red/x", { headers: staff })).toMatchObject({
      kind: "board",
      name: "red",
      pathname: "/x",
    });
  });

  test.each(["/teams", "/teams/", "/chat"])("%s without a name is the session `default`", async (path) => {
    expect(await json(path)).toMatchObject({ name: "default" });
  });

  test("a longer route without a name is not a name of the shorter", async () => {
    expect(await json("/teams/board", { headers: staff })).toMatchObject({ kind: "board", name: "default" });
  });
});

test("FR16: what sessions/options.ts says is said to createSessile", async () => {
  expect(await json("/teams/red/x", { headers: { "x-user": "ana" } })).toMatchObject({ caller: "ana" });
});

describe("FR12: middleware", () => {
  test("runs root to leaf around the answer, and hands requests on changed", async () => {
    const response = await ask("/teams/board/red/x", { headers: staff });
    expect(response.headers.get("x-trail")).toBe("root, root, red");
    expect(await response.json()).toMatchObject({ trail: "root" });
    const other = await ask("/teams/red/x");
    expect(other.headers.get("x-trail")).toBe("root, none, red");
  });

  test.each([
    ["GET", "/teams/board/red"],
    ["POST", "/teams/board/red/x"],
    ["GET", "/v1/sessions/board/red"],
    ["GET", "/v1/sessions/board/red/events"],
    ["POST", "/v1/sessions/board/red/call/add"],
    ["DELETE", "/v1/sessions/board/red"],
    ["GET", "/agents/board/red"],
    ["GET", "/agents/sirt-board/red"],
    ["GET", "/agents/board/red/sub/x"],
    ["GET", "/api/chat/red"],
    ["GET", "/api/chat/red/stream"],
  ])("%s %s is short-circuited by it", async (method, path) => {
    const response = await ask(path, { method });
    expect([response.status, await response.text()]).toEqual([401, "staff only"]);
    // The outer one still wraps that answer.
    expect(response.headers.get("x-trail")).toBe("root, none, red");
  });

  test("does not know the session where only the body names it", async () => {
    const response = await ask("/api/chat", { method: "POST", body: '{"id":"red"}' });
    expect([response.status, response.headers.get("x-trail")]).toEqual([401, "root, none, no name"]);
  });

  test("that calls next() twice fails, and tells nothing of the inside", async () => {
    const response = await ask("/twice/a");
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: "internal" });
  });
});

test("FR12: a socket that middleware lets pass is live, and what it writes is seen", async () => {
  const client = connect<{ readonly initialState: { total: number } }>({
    url: project.url,
    kind: "chat",
    name: "live",
  });
  await client.whenLive();
  await add("chat", "live", 4);
  await expect.poll(() => client.getSnapshot().state).toEqual({ total: 4 });
  client.close();
});

test.each([
  ["/teams/board/red", "sessile.v1"],
  ["/teams/board/red", undefined],
  ["/v1/sessions/board/red", "sessile.v1"],
  ["/agents/board/red", undefined],
])("FR13: a socket at %s that middleware refuses is told by its close code", async (path, protocols) => {
  expect(await closed(path, protocols)).toBe(4401);
});

describe("FR14: lists and imports", () => {
  test.each(["/v1/sessions?kind=board", "/v1/sessions"])(
    "%s is behind the middleware of what it lists",
    async (path) => {
      expect((await ask(path)).status).toBe(401);
      expect((await ask("/v1/sessions?kind=team")).status).toBe(501);
    },
  );

  test("CG2 the catalog leaves out kinds whose middleware does not let through, or fails", async () => {
    const kinds = async (init?: RequestInit) =>
      (await json("/_sessile/catalog", init)).items.map(({ kind }: { kind: string }) => kind);
    expect(await kinds()).not.toContain("board");
    expect(await kinds()).toContain("team");
    expect(await kinds({ headers: staff })).toEqual(expect.arrayContaining(["board", "team"]));
    expect(await kinds({ headers: staff })).not.toContain("twice");
  });

  test("a policy is made, shown and revoked behind the middleware of its kind", async () => {
    const policies = "/v1/gates/policies";
    const make = (headers: HeadersInit) =>
      ask(policies, { method: "POST", headers, body: '{"kind":"board","scope":"kind","tool":"*"}' });
    const revoke = (policyId: string, headers: HeadersInit) =>
      ask(`${policies}/${policyId}`, { method: "DELETE", headers });
    expect(await (await make({})).json()).toMatchObject({ status: 403, code: "forbidden" });
    const { policyId } = await (await make(staff)).json();
    expect(await json(policies)).toEqual({ items: [] });
    expect(await json(policies, { headers: staff })).toMatchObject({ items: [{ policyId }] });
    expect(await (await revoke(policyId, {})).json()).toMatchObject({ status: 403, code: "forbidden" });
    expect((await revoke(policyId, staff)).status).toBe(200);
  });

  test("an import is refused by the middleware of its kind", async () => {
    await add("board", "exported", 1);
    const body = await (await ask("/v1/sessions/board/exported/export", { headers: staff })).text();
    const refused = await ask("/v1/sessions/import", { method: "POST", body });
    expect(await refused.json()).toMatchObject({ status: 403, code: "forbidden" });
    const passed = await ask("/v1/sessions/import", { method: "POST", body, headers: staff });
    expect((await passed.json()).code).toBe("conflict");
  });
});

describe("FR15: a page", () => {
  test("is what a browser gets, and its script is there; others get the view", async () => {
    const shell = await ask("/chat/mine", { headers: { accept: "text/html" } });
    expect(shell.headers.get("content-type")).toContain("text/html");
    const script = /src="([^"]+)"/.exec(await shell.text())?.[1] ?? "";
    const loaded = await ask(script);
    expect([loaded.status, loaded.headers.get("content-type")]).toEqual([
      200,
      expect.stringContaining("javascript"),
    ]);
    expect(await loaded.text()).toContain("Loading");
    expect(await json("/chat/mine")).toMatchObject({ kind: "chat", name: "mine", state: { total: 0 } });
  });

  test("lies behind the middleware", async () => {
    const shell = await ask("/chat/mine", { headers: { accept: "text/html" } });
    expect(shell.headers.get("x-trail")).toBe("root, none, mine");
  });
});

test("FR17: `sessile generate` writes once, and --check fails until it has", () => {
  using other = new RoutedProject();
  const sessile = (...args: string[]) =>
    spawnSync(process.execPath, ["--conditions=sessile-source", cli, "generate", ...args], {
      cwd: other.root,
      encoding: "utf8",
    });
  const first = sessile("--check");
  expect([first.status, first.stderr]).toEqual([
    1,
    expect.stringContaining("sessions.lock.json, wrangler.jsonc"),
  ]);
  expect(existsSync(other.path("sessions.lock.json"))).toBe(false);
  expect(sessile().stdout).toContain("board at /teams/board");
  expect(sessile().stdout).toContain("Nothing changed.");
  expect(sessile("--check").status).toBe(0);
  rmSync(other.path(".sessions"), { recursive: true });
  // What a fresh clone lacks is built, not committed.
  expect(sessile("--check").status).toBe(0);
  other.move("sessions/chat", "sessions/talk");
  expect(sessile().stderr).toMatch(/The folders of sessions\/ make these: .*@sessions\/talk/);
  other.move("sessions/talk", "sessions/chat");
  rmSync(other.path("sessions/twice"), { recursive: true });
  const refused = sessile();
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("twice (Twice)")]);
  expect(sessile("--allow-delete").status).toBe(0);
});

test("FR18: `sessile serve` serves what the folder says now, and says where its pages and the inspector are", async () => {
  using other = new RoutedProject();
  other.generate();
  other.replace("sessions/teams/session.ts", "pathname, caller: caller?.id", "moved: pathname");
  other.move("sessions/teams", "sessions/crew");
  const args = ["--conditions=sessile-source", cli, "serve", "--port", "0"];
  const child = spawn(process.execPath, args, { cwd: other.root, stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (!line.startsWith("The data lies in")) continue;
    const [, url] = /serves (\S+)/.exec(said[0] ?? "") ?? [];
    expect(said).toContain(`  page       ${url}/chat/{name}`);
    expect(said).toContainEqual(expect.stringContaining(`  inspector  ${url}/_sessile/inspect#operator=`));
    expect(await (await fetch(`${url}/crew/red/x`)).json()).toMatchObject({ name: "red", moved: "/x" });
    child.kill("SIGTERM");
  }
  expect(await exit).toEqual([0, null]);
});

test("`sessile doctor` finds a server well that lists no sessions", async () => {
  const { url } = project;
  const args = ["--conditions=sessile-source", cli, "doctor", "--dir", project.path("data"), "--url", url];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  expect(await text(child.stdout)).toContain(`ok    server: ${url} answers`);
});

describe("what the lockfile keeps", () => {
  test("FR7: a class that was renamed and moved has its sessions' data", async () => {
    expect(await add("team", "kept", 5)).toMatchObject({ result: 5 });
    project.replace("sessions/teams/session.ts", "class Team ", "class CrewOfMany ");
    project.move("sessions/teams", "sessions/crew");
    project.generate();
    await project.serve();
    expect(await add("team", "kept", 2)).toMatchObject({ result: 7 });
    expect(await json("/crew/kept")).toMatchObject({ kind: "team", state: { total: 7 } });
    expect(project.read("wrangler.jsonc")).toContain(
      '"renamed_classes": [{ "from": "Team", "to": "CrewOfMany" }]',
    );
  });

  test("FR8: a folder that is gone changes nothing until its storage may go; brought back before that, its data is there", async () => {
    const before = project.read("sessions.lock.json");
    const value = await add("chat", "kept", 3);
    expect(value).toMatchObject({ result: 3 });
    project.move("sessions/chat", "chat-elsewhere");
    expect(() => project.generate()).toThrow(/chat \(ChatSession\).*--allow-delete/);
    expect(project.read("sessions.lock.json")).toBe(before);
    project.move("chat-elsewhere", "sessions/chat");
    expect(project.generate().changed).toEqual([]);
    await project.serve();
    expect(await add("chat", "kept", 1)).toMatchObject({ result: 4 });

    rmSync(project.path("sessions/chat"), { recursive: true });
    expect(project.generate({ allowDelete: true }).changed).toEqual(
      expect.arrayContaining([
        "sessions.lock.json",
        "wrangler.jsonc",
        ".sessions/chat.ts",
        ".sessions/pages.ts",
      ]),
    );
    expect(project.read("wrangler.jsonc")).toContain('"deleted_classes": ["ChatSession"]');
    await project.serve();
    expect((await ask("/v1/sessions/chat/kept")).status).toBe(404);
    expect(await add("team", "kept", 0)).toMatchObject({ result: 7 });
  });
});
