import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { type Server, serve } from "sessile/node";
import { generate } from "sessile/routes";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bundle } from "../../../packages/sessile/test/bundle.ts";
import { launchChromium } from "../../../scripts/lib/launch-chromium.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** Not a loopback name: there the client listens to what the browser says of the network. */
const host = "sessile.test";

let folder: string;
let server: Server;
let browser: Browser;

beforeAll(async () => {
  generate({ root: here("..") });
  folder = mkdtempSync(join(tmpdir(), "sessile-transports-"));
  const pages = join(folder, "pages");
  mkdirSync(pages);
  writeFileSync(
    join(pages, "index.html"),
    '<!doctype html><title>t</title><body><script type="module" src="/page.js"></script>',
  );
  writeFileSync(join(pages, "page.js"), await bundledPage());
  server = await serve({
    worker: { source: await bundle(here("../.sessions/worker.ts")) },
    dir: join(folder, "data"),
    port: 0,
    compatibilityDate: "2026-11-01",
    durableObjects: { COUNTER: { className: "Counter" } },
    assets: { directory: pages, spa: true, workerFirst: ["/v1/*"] },
    allowedHosts: [host],
  });
  browser = await launchChromium(["--no-first-run", `--host-resolver-rules=MAP ${host} 127.0.0.1`]);
});
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

async function bundledPage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [here("fixtures/transports-page.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["sessile-source"],
  });
  return outputFiles[0]?.text ?? "";
}

let messages = 0;
async function say(name: string, text: string): Promise<void> {
  messages += 1;
  const response = await fetch(`${server.url}/v1/sessions/counter/${name}/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ clientEventId: `browser-${messages}`, type: "message", payload: text }),
  });
  if (!response.ok) throw new Error(await response.text());
}

async function open(name: string, transport: "poll" | "sse"): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://${host}:${new URL(server.url).port}/?name=${name}&transport=${transport}`);
  await page.getByRole("heading", { name: "live" }).waitFor();
  return page;
}

const shows = (page: Page, text: string) => page.locator("output", { hasText: text }).waitFor();

test("TR4 a page that polls asks again on refresh(), when it is seen, and when the network returns", async () => {
  await say("polled", "one");
  const page = await open("polled", "poll");
  await shows(page, "one");
  await say("polled", "two");
  await page.getByRole("button", { name: "Refresh" }).click();
  await shows(page, "one two");
  await say("polled", "three");
  expect(await page.locator("output").textContent()).toBe("one two");
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await shows(page, "one two three");
  await page.context().setOffline(true);
  await say("polled", "four");
  await page.context().setOffline(false);
  await shows(page, "one two three four");
});

test("TR1 a page hears over server-sent events, also after the network was away", async () => {
  const page = await open("streamed", "sse");
  await say("streamed", "one");
  await shows(page, "one");
  await page.context().setOffline(true);
  await say("streamed", "two");
  await page.context().setOffline(false);
  await shows(page, "one two");
});
