import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../../../../scripts/lib/launch-chromium.ts";
import { AgentsServer } from "./agents-server.ts";
import { clientContract } from "./client-contract.ts";
import { initialState as initial } from "./client-scene.ts";
import { stockPackages } from "./stock-clients.ts";
import type { AskServer, ProbeOptions, StockPage } from "./stock-page.ts";

declare const page: StockPage;

let server: AgentsServer;
let browser: Browser;
let tab: Page;
const complaints: string[] = [];
beforeAll(async () => {
  server = await AgentsServer.start();
  browser = await launchChromium();
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("stock-page.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    define: { "process.env.NODE_ENV": '"development"' },
    logLevel: "silent",
  });
  tab = await browser.newPage();
  tab.on("pageerror", (error) => complaints.push(error.message));
  const askServer: AskServer = (op, args) => server[op](...(args as [string, string]));
  await tab.exposeFunction("askServer", askServer);
  await tab.goto(`${server.url}/page`);
  await tab.addScriptTag({ content: outputFiles[0]?.text ?? "" });
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
afterEach(async () => {
  await tab.evaluate(() => page.hideAll());
  expect(complaints.splice(0)).toEqual([]);
});

describe.each(stockPackages)("AgentClient $version", ({ version }) => {
  test.each(clientContract)("$title", ({ title }) =>
    tab.evaluate(([version, title]) => page.contract(version, title), [version, title] as const),
  );
});

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
  /** What a call is refused with, later. */
  const refusal = (id: string, method: string) =>
    tab.evaluate(([id, method]) => page.agents[id]?.call(method).catch((error: Error) => error.message), [
      id,
      method,
    ] as const);
  const notes = (id: string) => tab.evaluate((id) => page.notes[id] ?? [], id);

  test("AG1 AG4 two components show who they are connected to and one state", async () => {
    const name = server.name();
    await show("one", { name });
    await show("two", { name });
    for (const id of ["one", "two"])
      await shows(id, { agent: "test-state-agent", name, identified: true, state: initial });
    await tab.evaluate(() => page.agents.one?.ready);
    expect(await notes("one")).toContain(`identity test-state-agent/${name}`);
    await setState("one", { ...initial, count: 1 });
    await shows("one", { state: { ...initial, count: 1 } });
    await shows("two", { state: { ...initial, count: 1 } });
    expect(await call("two", "increment", 4)).toBe(5);
    for (const id of ["one", "two"]) await shows(id, { state: { ...initial, count: 5 } });
  });

  test("AG5 AG6 a refused write shows the error, then the true state", async () => {
    const name = server.name();
    await show("one", { name });
    await show("reader", { name, query: { user: "reader" } });
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

  test("AG9 AG10 a component calls before it is connected, by its stub, and streams", async () => {
    const agent = { agent: "TestCallableAgent", name: server.name() };
    await show("one", { ...agent, onMount: "addOne" });
    await expect.poll(() => notes("one")).toContain("answer 2");
    const [sum, streamed, chunks] = await tab.evaluate(async () => {
      const { one } = page.agents;
      const chunks: unknown[] = [];
      const stream = { onChunk: (chunk: unknown) => chunks.push(chunk) };
      const sum = await one?.stub.add?.(20, 22);
      return [sum, await one?.call("streamNumbers", [3], { stream }), chunks];
    });
    expect([sum, streamed, chunks]).toEqual([42, 3, [1, 2, 3]]);
  });

  test("AG9 what was asked of one session is refused when its component turns to another", async () => {
    const agent = { agent: "TestCallableAgent" };
    const second = server.name();
    await show("one", { ...agent, name: server.name() });
    await shows("one", { identified: true });
    const sent = refusal("one", "hang");
    const former = await tab.evaluateHandle(() => page.agents.one);
    await show("one", { ...agent, name: second });
    expect(await sent).toBe("Connection closed");
    await shows("one", { name: second, identified: true });
    expect(await call("one", "add", 1, 2)).toBe(3);
    // What a closure of the page still holds works on.
    expect(await former.evaluate((agent) => agent?.call("add", [3, 4]))).toBe(7);
  });

  test("AG14 the query is asked for again for each connection, and not after a refusal", async () => {
    const name = server.name();
    const queries = async () => (await notes("one")).filter((note) => note === "asks for the query").length;
    await show("one", { name, user: "ada" });
    await shows("one", { state: initial });
    const before = await queries();
    await refusal("one", "dropMe");
    await expect.poll(queries).toBeGreaterThan(before);
    // Seen by whoever is connected again.
    const increment = `${server.url}/v1/sessions/test-state-agent/${name}/call/increment`;
    await fetch(increment, { method: "POST", body: "[1]" });
    await shows("one", { identified: true, state: { ...initial, count: 1 } });
    const again = await queries();
    await refusal("one", "refuseMe");
    await shows("one", { closed: 4001 });
    expect(await queries()).toBe(again);
  });

  test("AG14 a refusal shows as a terminal close, until the component turns elsewhere", async () => {
    await show("stranger", { name: server.name(), user: "stranger" });
    await shows("stranger", { closed: 4403, identified: false });
    await show("nobody", { agent: "nobody", name: server.name() });
    await shows("nobody", { closed: 4404 });
    await show("nobody", { name: server.name() });
    await shows("nobody", { closed: null, identified: true, state: initial });
  });

  test("AG14 a component that goes takes its socket along", async () => {
    const name = server.name();
    await show("one", { name });
    await show("two", { name });
    for (const id of ["one", "two"]) await shows(id, { state: initial });
    await tab.evaluate(() => page.hide("one"));
    const open = async () =>
      (await (await fetch(`${server.url}/agents/test-state-agent/${name}/connections`)).json()).count;
    await expect.poll(open).toBe(1);
  });
});
