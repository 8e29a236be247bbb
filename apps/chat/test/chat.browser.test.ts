import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page, WebSocket } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { axeViolations } from "../../../scripts/lib/axe-violations.ts";
import { launchChromium } from "../../../scripts/lib/launch-chromium.ts";
import { ScriptedModel } from "../dev/scripted-model.ts";
import { Gate, ServedChat, Wire } from "./served-chat.ts";

const words = Array.from({ length: 40 }, (_, n) => `word-${n}`);
const answer = words.join(" ");
const upTo = (count: number) => words.slice(0, count).join(" ");

const gate = new Gate();
let model: ScriptedModel;
let server: ServedChat;
let wire: Wire;
let url: string;
let browser: Browser;
let context: BrowserContext;
let chats = 0;

beforeAll(async () => {
  if (!existsSync(fileURLToPath(new URL("../dist/ui/index.html", import.meta.url))))
    throw new Error("Build the page first: npm run build");
  model = await ScriptedModel.start({ pace: gate.pace, reply: () => answer });
  wire = new Wire(() => server.port);
  url = await wire.open();
  server = new ServedChat(model.url, new URL(url).host);
  await server.start();
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await wire?.close();
  await server?.stop();
  await model?.stop();
});
beforeEach(async () => {
  gate.allow(0);
  wire.mend();
  await context?.close();
  sockets.clear();
  context = await browser.newContext({ viewport: { width: 900, height: 700 } });
  await context.addInitScript(watchAnswers, answer);
});

/** In the page: an answer is at every moment the beginning of what it will be, and never becomes shorter. */
function watchAnswers(expected: string): void {
  const seen: { readonly [id: string]: number } & Record<string, number> = {};
  const faults: string[] = [];
  Object.assign(globalThis, { faults });
  new MutationObserver(() => {
    for (const [index, node] of [
      ...document.querySelectorAll("[data-role=assistant] [data-text]"),
    ].entries()) {
      const text = node.textContent ?? "";
      const key = `${node.closest("li")?.dataset.id}`;
      if (!expected.startsWith(text)) faults.push(`answer ${index}: ${text}`);
      if (text.length < (seen[key] ?? 0)) faults.push(`answer ${index} was cut to ${text.length}`);
      seen[key] = text.length;
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

const faultsOf = (page: Page) => page.evaluate(() => (globalThis as unknown as { faults: string[] }).faults);
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const lastAnswer = (page: Page) => page.locator("[data-role=assistant] [data-text]").last();
const shows = (page: Page, text: string) =>
  page.waitForFunction(
    (expected) =>
      [...document.querySelectorAll("[data-role=assistant] [data-text]")].at(-1)?.textContent === expected,
    text,
    // A tab in the background draws no frames.
    { polling: 50 },
  );
const isReady = (page: Page) => page.getByRole("status").filter({ hasText: "Ready" }).waitFor();

/** Those that the pages of this test have open. */
const sockets = new Set<WebSocket>();

async function opened(path = `/chat/c-${++chats}`): Promise<Page> {
  const page = await context.newPage();
  page.on("websocket", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  // A page that still looks for an answer to go on with cannot ask.
  const looked = page.waitForResponse((response) => response.url().endsWith("/stream"));
  await page.goto(url + path);
  await looked;
  await page.getByLabel("Your message").waitFor();
  return page;
}

/** A page whose question is being answered, as far as its tenth word. */
async function answering(): Promise<Page> {
  const page = await opened();
  await page.getByLabel("Your message").fill("Tell me everything");
  await page.keyboard.press("Enter");
  gate.allow(10);
  await shows(page, upTo(10));
  return page;
}

test("CH2 a reload in the middle of an answer shows what there was, and the rest as it comes", async () => {
  const page = await answering();
  await page.reload();
  await shows(page, upTo(10));
  await page.getByRole("status").filter({ hasText: "Answering" }).waitFor();
  gate.allow(25);
  await shows(page, upTo(25));
  await page.reload();
  gate.allow(words.length);
  await shows(page, answer);
  await isReady(page);
  expect(await page.locator("[data-role]").count()).toBe(2);
  await page.reload();
  await shows(page, answer);
  expect(await faultsOf(page)).toEqual([]);
});

test("CH4 CH7 a network that drops in the middle of an answer costs nothing: the answer goes on, and so does the page", async () => {
  const page = await answering();
  wire.cut();
  await page.getByRole("status").filter({ hasText: "Reconnecting" }).waitFor();
  expect(await lastAnswer(page).textContent()).toBe(upTo(10));
  gate.allow(30);
  wire.mend({ slow: true });
  await shows(page, upTo(30));
  gate.allow(words.length);
  await shows(page, answer);
  await isReady(page);
  expect(await page.locator("[data-role]").count()).toBe(2);
  expect(await faultsOf(page)).toEqual([]);
});

test("CH4 an answer that ended while the network was away is there when it is back", async () => {
  const page = await answering();
  wire.cut();
  await page.getByRole("status").filter({ hasText: "Reconnecting" }).waitFor();
  gate.allow(words.length);
  const direct = await fetch(`http://127.0.0.1:${server.port}/api/chat/c-${chats}/stream`);
  await direct.text();
  wire.mend();
  await shows(page, answer);
  await isReady(page);
  expect(await faultsOf(page)).toEqual([]);
});

test("CH4 a question asked without a network stays in sight, and is sent again when there is one", async () => {
  const page = await opened();
  await isReady(page);
  wire.cut();
  await page.getByLabel("Your message").fill("Tell me everything");
  await page.keyboard.press("Enter");
  await page.getByRole("status").filter({ hasText: "Reconnecting" }).waitFor();
  wire.mend();
  await page.getByText("This has not been answered.").waitFor();
  gate.allow(words.length);
  await button(page, "Send again").press("Enter");
  await shows(page, answer);
  expect(await page.locator("[data-role]").count()).toBe(2);
});

test("CH2 CH3 TB1 a second tab reads along, and a tab that was open before hears of the question, over one socket for all", async () => {
  const early = await opened(`/chat/c-${chats + 1}`);
  const page = await answering();
  await shows(early, upTo(10));
  const late = await opened(`/chat/c-${chats}`);
  await shows(late, upTo(10));
  gate.allow(words.length);
  for (const one of [page, early, late]) {
    await shows(one, answer);
    await isReady(one);
    expect(await one.locator("[data-role]").count()).toBe(2);
    expect(await faultsOf(one)).toEqual([]);
  }
  await expect.poll(() => sockets.size).toBe(1);
});

test("CH5 Stop ends the answer in every tab and keeps what there is; it can be asked for again", async () => {
  const page = await answering();
  const other = await opened(`/chat/c-${chats}`);
  await shows(other, upTo(10));
  await button(page, "Stop").press("Enter");
  for (const one of [page, other]) {
    await one.getByText("Stopped.").waitFor();
    await isReady(one);
    expect(await lastAnswer(one).textContent()).toBe(upTo(10));
  }
  await page.reload();
  await page.getByText("Stopped.").waitFor();
  expect(await lastAnswer(page).textContent()).toBe(upTo(10));
  gate.allow(words.length);
  await button(page, "Retry").press("Enter");
  await shows(page, answer);
  await shows(other, answer);
  expect(await page.locator("[data-role]").count()).toBe(2);
  expect([await faultsOf(page), await faultsOf(other)]).toEqual([[], []]);
});

test("a Stop that fails says so, and can be pressed again", async () => {
  const page = await answering();
  await page.route("**/stop", (route) => route.abort());
  await button(page, "Stop").press("Enter");
  await page.getByText("The answer could not be stopped: the server cannot be reached.").waitFor();
  await page.route("**/stop", (route) => route.fulfill({ status: 429, json: {} }));
  await button(page, "Stop").press("Enter");
  const refusal = page.getByText("The answer could not be stopped (429).");
  await refusal.waitFor();
  await page.unroute("**/stop");
  await button(page, "Stop").press("Enter");
  await page.getByText("Stopped.").waitFor();
  await refusal.waitFor({ state: "detached" });
});

test("a chat whose first reading fails can be read again", async () => {
  const page = await context.newPage();
  const first = `**/api/chat/c-${++chats}`;
  await page.route(first, (route) => route.abort());
  await page.goto(`${url}/chat/c-${chats}`);
  await page.getByText("This chat cannot be read: the server cannot be reached.").waitFor();
  await page.unroute(first);
  await button(page, "Try again").press("Enter");
  await page.getByLabel("Your message").waitFor();
});

test("CH8 a server that is killed in the middle of an answer: what was shown stays, is marked as interrupted, and can be asked for again", async () => {
  const page = await answering();
  await server.kill();
  await page.getByRole("status").filter({ hasText: "Reconnecting" }).waitFor();
  expect(await lastAnswer(page).textContent()).toBe(upTo(10));
  await server.start();
  await page.getByText("Interrupted: the server went away").waitFor();
  await isReady(page);
  expect(await lastAnswer(page).textContent()).toBe(upTo(10));
  const fresh = await opened(`/chat/c-${chats}`);
  await fresh.getByText("Interrupted: the server went away").waitFor();
  expect(await lastAnswer(fresh).textContent()).toBe(upTo(10));
  gate.allow(words.length);
  await button(page, "Retry").press("Enter");
  await shows(page, answer);
  await isReady(page);
  expect(await page.locator("[data-role]").count()).toBe(2);
  expect([await faultsOf(page), await faultsOf(fresh)]).toEqual([[], []]);
});

test.each(["light", "dark"] as const)(
  "the page is accessible and works by keyboard, in %s colours",
  async (colorScheme) => {
    const page = await opened();
    await page.emulateMedia({ colorScheme });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type("First line");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("second line");
    await page.keyboard.press("Enter");
    gate.allow(10);
    await shows(page, upTo(10));
    await page.getByText("First line second line").waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByText("Stopped.").waitFor();
    expect(await axeViolations(page)).toEqual([]);
    if (process.env.SESSILE_SCREENSHOT)
      await page.screenshot({ path: `${process.env.SESSILE_SCREENSHOT}-${colorScheme}.png` });
  },
);
