import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AgentsServer } from "./agents-server.ts";
import { stockPackages } from "./stock-clients.ts";
import type { AgentsPage, ProbeOptions } from "./use-agent-page.ts";

declare const page: AgentsPage;

const chromiumPath = [process.env.CHROMIUM_PATH, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path): path is string => path !== undefined && existsSync(path),
);

let server: AgentsServer;
let browser: Browser;
let script: string;
beforeAll(async () => {
  if (!chromiumPath) throw new Error("Chromium is not installed; set CHROMIUM_PATH");
  server = await AgentsServer.start();
  browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--disable-gpu"] });
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("use-agent-page.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    define: { "process.env.NODE_ENV": '"development"' },
    logLevel: "silent",
  });
  script = outputFiles[0]?.text ?? "";
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

let tab: Page;
const complaints: string[] = [];
beforeEach(async () => {
  tab = await browser.newPage();
  tab.on("pageerror", (error) => complaints.push(error.message));
  await tab.goto(`${server.url}/page`);
  await tab.addScriptTag({ content: script });
});
afterEach(async () => {
  await tab.close();
  expect(complaints.splice(0)).toEqual([]);
});

const initial = { count: 0, items: [], lastUpdated: null };

describe.each(stockPackages)("useAgent $version", ({ version }) => {
  const show = (id: string, options: Partial<ProbeOptions>) =>
    tab.evaluate(([id, version, options]) => page.show(id, version, options), [
      id,
      version,
      { agent: "TestStateAgent", ...options },
    ] as const);
  /** Waits until the component shows all of this. */
  const shows = (id: string, expected: object) =>
    tab.waitForFunction(
      ([id, expected]) => {
        const text = document.getElementById(id)?.textContent;
        if (!text) return false;
        const shown = JSON.parse(text) as Record<string, unknown>;
        return Object.entries(JSON.parse(expected) as object).every(
          ([key, value]) => JSON.stringify(shown[key]) === JSON.stringify(value),
        );
      },
      [id, JSON.stringify(expected)] as const,
    );
  const setState = (id: string, state: unknown) =>
    tab.evaluate(([id, state]) => page.agents[id]?.setState(state), [id, state] as const);
  const call = (id: string, method: string, ...args: readonly unknown[]) =>
    tab.evaluate(([id, method, args]) => page.agents[id]?.call(method, args), [id, method, args] as const);
  const notes = (id: string) => tab.evaluate((id) => page.notes[id] ?? [], id);

  test("AG1 AG4 two components show who they are connected to and one state", async () => {
    const name = server.name();
    await show("one", { name });
    await show("two", { name });
    for (const id of ["one", "two"])
      await shows(id, { agent: "test-state-agent", name, identified: true, state: initial });
    await setState("one", { ...initial, count: 1 });
    await shows("one", { state: { ...initial, count: 1 } });
    await shows("two", { state: { ...initial, count: 1 } });
    expect(await call("two", "increment", 4)).toBe(5);
    for (const id of ["one", "two"]) await shows(id, { state: { ...initial, count: 5 } });
  });

  test("AG5 AG6 a refused write shows the error, then the true state", async () => {
    const name = server.name();
    await show("one", { name });
    await show("reader", { name, user: "reader" });
    await shows("one", { state: initial });
    await shows("reader", { state: initial });
    await setState("one", { ...initial, count: -1 });
    await shows("one", { state: initial });
    await setState("reader", { ...initial, count: 8 });
    await shows("reader", { state: initial });
    await expect.poll(() => notes("one")).toContain("error State update rejected");
    await expect.poll(() => notes("reader")).toContain("error Connection is readonly");
  });

  test("AG7 AG14 after the server was away the component shows what the session holds", async () => {
    const name = server.name();
    await show("one", { name });
    await show("two", { name });
    await shows("two", { state: initial });
    await shows("one", { state: initial });
    await server.restart(() => setState("one", { ...initial, count: 41 }));
    await shows("two", { state: { ...initial, count: 41 } });
    expect(await call("one", "increment", 1)).toBe(42);
    for (const id of ["one", "two"]) await shows(id, { state: { ...initial, count: 42 } });
  });

  test("AG3 another name is another session, and base paths lead to the app's own", async () => {
    const [first, second] = [server.name(), server.name()];
    await show("one", { name: first });
    await shows("one", { name: first, state: initial });
    await setState("one", { ...initial, count: 1 });
    await show("one", { name: second });
    await shows("one", { name: second, state: initial });
    await show("one", { name: first });
    await shows("one", { name: first, state: { ...initial, count: 1 } });
    await show("user", { basePath: "user" });
    await shows("user", { agent: "test-state-agent", name: "auth-user", identified: true });
  });

  test("AG14 a refusal shows as a terminal close", async () => {
    await show("stranger", { name: server.name(), user: "stranger" });
    await shows("stranger", { closed: 4403, identified: false });
    await show("nobody", { agent: "nobody", name: server.name() });
    await shows("nobody", { closed: 4404 });
  });

  test("AG14 a component that goes takes its socket along", async () => {
    const name = server.name();
    await show("one", { name });
    await show("two", { name });
    for (const id of ["one", "two"]) await shows(id, { state: initial });
    await tab.evaluate(() => page.hide("one"));
    const open = async () =>
      (await (await fetch(`${server.url}/agents/test-state-agent/${name}/connections`)).json()).count;
    await expect.poll(open, { timeout: 20_000 }).toBe(1);
  });
});
