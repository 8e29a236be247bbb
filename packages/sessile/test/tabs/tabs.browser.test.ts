import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { outboxContract } from "../../src/testing/outbox-contract.ts";
import { Fixture } from "../workerd/start.ts";
import type { Tab, TabOptions } from "./tab-page.ts";

declare const tab: Tab;

const chromiumPath = [process.env.CHROMIUM_PATH, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path): path is string => path !== undefined && existsSync(path),
);

let fixture: Fixture;
let browser: Browser;
let script: string;
beforeAll(async () => {
  if (!chromiumPath) throw new Error("Chromium is not installed; set CHROMIUM_PATH");
  fixture = await Fixture.start();
  browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--disable-gpu"] });
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("tab-page.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    conditions: ["sessile-source", "browser"],
    logLevel: "silent",
  });
  script = outputFiles[0]?.text ?? "";
});
afterAll(async () => {
  await browser?.close();
  await fixture?.stop();
});

let context: BrowserContext;
const complaints: string[] = [];
beforeEach(async () => {
  context = await browser.newContext();
});
afterEach(async () => {
  await context.close();
  expect(complaints.splice(0)).toEqual([]);
});

/** A tab of the server's origin. */
async function newTab(options?: TabOptions): Promise<Page> {
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${fixture.url}/`);
  await page.addScriptTag({ content: script });
  if (options) await page.evaluate((given) => tab.open(given), options);
  return page;
}

const isLive = (page: Page) => page.evaluate(() => tab.client.whenLive());
const pendingIn = (page: Page) => page.evaluate(() => tab.client.getSnapshot().pending.length);

/** What each writer said, in the log's order. */
async function saidIn(name: string): Promise<Record<string, number[]>> {
  const said: Record<string, number[]> = {};
  for (const { type, payload } of await fixture.log(name)) {
    if (type !== "note.said") continue;
    const { by, n } = payload as { by: string; n: number };
    said[by] = [...(said[by] ?? []), n];
  }
  return said;
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("indexedDbOutbox", () => {
  test.each(outboxContract)("$title", async ({ title }) => {
    const page = await newTab();
    await page.evaluate((one) => tab.contract(one), title);
  });

  test("OX1 OX2 OX4 what was written offline in a tab that was closed is shown and sent by the next one, once", async () => {
    const name = fixture.name();
    const first = await newTab({ name, outbox: true });
    await isLive(first);
    await fixture.restart(async () => {
      await first.evaluate(async () => {
        tab.say("first", 0, 30);
        await tab.client.outbox.saved();
      });
      expect(await pendingIn(first)).toBe(30);
      await first.close();
    });
    const second = await newTab({ name, outbox: true });
    await second.evaluate(() => tab.say("second", 0, 5));
    await isLive(second);
    await expect.poll(() => pendingIn(second)).toBe(0);
    expect(await saidIn(name)).toEqual({ first: upTo(30), second: upTo(5) });
    const log = (await fixture.log(name)).filter(({ type }) => type === "note.said");
    expect(log.map(({ payload }) => (payload as { by: string }).by).indexOf("second")).toBe(30);
    await second.evaluate(() => tab.client.outbox.saved());
    await second.close();
    const third = await newTab({ name, outbox: true });
    await isLive(third);
    expect(
      await third.evaluate(async () => {
        await tab.client.outbox.saved();
        const { isDurable, kept, others } = tab.client.outbox;
        return [isDurable, kept.length, others.length, tab.client.getSnapshot().pending.length];
      }),
    ).toEqual([true, 0, 0, 0]);
  });
});
