import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launchChromium } from "../../../../scripts/lib/launch-chromium.ts";
import { outboxContract } from "../../src/testing/outbox-contract.ts";
import { Fixture } from "../workerd/start.ts";
import type { Tab, TabOptions } from "./tab-page.ts";

declare const tab: Tab;

let fixture: Fixture;
let browser: Browser;
let script: string;
beforeAll(async () => {
  fixture = await Fixture.start();
  browser = await launchChromium();
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

/** Connections that are open, by the tab that holds them. */
const connections = new Map<Page, number>();
const holders = () => [...connections].filter(([, count]) => count > 0).map(([page]) => page);

/** A tab of the server's origin. */
async function newTab(options?: TabOptions): Promise<Page> {
  const page = await context.newPage();
  const opened = (by: number) => connections.set(page, (connections.get(page) ?? 0) + by);
  page.on("websocket", (socket) => {
    opened(1);
    socket.on("close", () => opened(-1));
  });
  page.on("request", (request) => {
    if (request.headers().accept === "text/event-stream") opened(1);
  });
  page.on("close", () => connections.delete(page));
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
  describe("contract", () => {
    let page: Page;
    beforeAll(async () => {
      page = await browser.newPage();
      await page.goto(`${fixture.url}/`);
      await page.addScriptTag({ content: script });
    });
    afterAll(() => page?.close());
    test.each(outboxContract)("$title", async ({ title }) => {
      await page.evaluate((one) => tab.contract(one), title);
    });
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

describe("shared()", () => {
  const open = (count: number, options: TabOptions) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const page = await newTab(options);
        await isLive(page);
        return page;
      }),
    );
  /** Everything the session holds, as each tab has heard of it. */
  async function allHaveHeard(pages: readonly Page[], name: string): Promise<void> {
    const seqs = (await fixture.log(name)).map(({ seq }) => seq);
    for (const page of pages) await expect.poll(() => page.evaluate(() => tab.seqs)).toEqual(seqs);
  }
  const settles = async (pages: readonly Page[]) => {
    for (const page of pages) await expect.poll(() => pendingIn(page), { timeout: 60_000 }).toBe(0);
  };

  test("TB1 TB2 TB5 three tabs have one connection, and each its own commands, events and signals", async () => {
    const name = fixture.name();
    const watcher = await fixture.live(name);
    const tabs = await open(3, { name, share: "websocket" });
    await expect.poll(() => holders().length).toBe(1);
    const { count } = await watcher.next("presence", (frame) => frame.count === 2);
    expect(count).toBe(2);
    await Promise.all(
      tabs.map((page, index) =>
        page.evaluate(async (by) => {
          tab.say(by, 0, 20);
          await new Promise((resolve) => setTimeout(resolve));
          tab.say(by, 20, 20);
        }, `tab ${index}`),
      ),
    );
    await settles(tabs);
    expect(await saidIn(name)).toEqual({ "tab 0": upTo(40), "tab 1": upTo(40), "tab 2": upTo(40) });
    await allHaveHeard(tabs, name);
    expect(await tabs[1]?.evaluate(() => tab.client.call.instance())).toEqual(expect.any(String));
    const [first, ...others] = tabs as [Page, ...Page[]];
    await first.evaluate(() => tab.client.signal("hello"));
    for (const page of others) await expect.poll(() => page.evaluate(() => tab.signals)).toEqual(["hello"]);
    expect(await first.evaluate(() => tab.signals)).toEqual([]);
    for (const page of tabs)
      expect(await page.evaluate(() => tab.client.getSnapshot().presence.count)).toBe(2);
    expect(
      await first.evaluate(() => tab.client.voice.join().catch(({ code, details }) => [code, details])),
    ).toEqual(["rejected", { field: "transport" }]);
    await expect.poll(() => holders().length).toBe(1);
  });

  test("TB2 TB3 OX5 when the tab that holds the connection closes another takes over; nothing is lost, nothing twice", async () => {
    const name = fixture.name();
    const writers = (await open(3, { name, share: "websocket", outbox: true })).map((page, index) => ({
      page,
      by: `tab ${index}`,
      count: 0,
    }));
    const write = (writer: (typeof writers)[number]) => {
      const from = writer.count;
      writer.count += 10;
      return writer.page.evaluate(
        ([by, first]) => {
          tab.say(by, first, 10);
          return tab.client.outbox.saved();
        },
        [writer.by, from] as const,
      );
    };
    for (let alive = writers; alive.length > 1; ) {
      await expect.poll(() => holders().length).toBe(1);
      const holder = holders()[0];
      await Promise.all(alive.map(write));
      alive = alive.filter(({ page }) => page !== holder);
      await Promise.all([holder?.close(), ...alive.map(write)]);
    }
    const last = writers.filter(({ page }) => !page.isClosed()).map(({ page }) => page);
    expect(last).toHaveLength(1);
    const all = Object.fromEntries(writers.map(({ by, count }) => [by, upTo(count)]));
    await expect.poll(() => saidIn(name), { timeout: 60_000 }).toEqual(all);
    await settles(last);
    await allHaveHeard(last, name);
  });

  test("TB3 a tab that holds the connection and is frozen loses it to one that asks, and goes on when it wakes", async () => {
    const name = fixture.name();
    const [frozen] = (await open(1, { name, share: "websocket" })) as [Page];
    const [shown] = (await open(1, { name, share: "websocket" })) as [Page];
    await expect.poll(() => holders()).toEqual([frozen]);
    const session = await context.newCDPSession(frozen);
    await session.send("Debugger.enable");
    await session.send("Debugger.pause");
    // As when somebody turns to it.
    await shown.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await shown.evaluate(() => tab.say("shown", 0, 5));
    await settles([shown]);
    const [late] = (await open(1, { name, share: "websocket" })) as [Page];
    await session.send("Debugger.resume");
    await frozen.evaluate(() => tab.say("frozen", 0, 5));
    await settles([frozen]);
    await expect.poll(() => holders()).toEqual([shown]);
    expect(await saidIn(name)).toEqual({ shown: upTo(5), frozen: upTo(5) });
    await allHaveHeard([frozen, shown, late], name);
  });

  test.each(["sse", "longPoll"] as const)(
    "TB1 TB4 over %s too tabs have one connection, which a restart ends for all of them",
    async (share) => {
      const name = fixture.name();
      const tabs = await open(2, { name, share });
      // A stream is asked for once the page before it is there.
      await expect.poll(() => holders().length).toBe(share === "sse" ? 1 : 0);
      const say = (from: number) =>
        Promise.all(
          tabs.map((page, index) =>
            page.evaluate(([by, first]) => tab.say(by, first, 5), [`tab ${index}`, from] as const),
          ),
        );
      await say(0);
      await settles(tabs);
      await fixture.restart(() => void say(5));
      await settles(tabs);
      expect(await saidIn(name)).toEqual({ "tab 0": upTo(10), "tab 1": upTo(10) });
      await allHaveHeard(tabs, name);
      expect(await tabs[1]?.evaluate(() => tab.client.transport)).toBe(share.toLowerCase());
    },
  );

  test("TB4 a refusal and the session's end close every tab with the same code", async () => {
    const name = fixture.name();
    const tabs = await open(2, { name, share: "websocket" });
    const ends = (pages: readonly Page[]) =>
      Promise.all(
        pages.map((page) =>
          page.evaluate(
            () =>
              new Promise((resolve) => {
                const look = () => {
                  const { connection, error } = tab.client.getSnapshot();
                  if (connection === "closed") resolve(error?.code);
                };
                tab.client.subscribe(look);
                look();
              }),
          ),
        ),
      );
    const answer = await fixture.ask("DELETE", `notes/${name}`);
    expect(answer.status).toBe(200);
    expect(await ends(tabs)).toEqual(["not_found", "not_found"]);
    const refused = await newTab({ name: "private-1", share: "websocket" });
    expect(await ends([refused])).toEqual(["unauthenticated"]);
  });

  test("TB6 a tab of somebody else gets a connection of its own", async () => {
    const name = fixture.name();
    const [ada] = (await open(1, { name, share: "sse", user: "ada" })) as [Page];
    const [bob] = (await open(1, { name, share: "sse", user: "bob" })) as [Page];
    for (const page of [ada, bob]) {
      await page.evaluate(() => tab.say("here", 0, 1));
      await settles([page]);
    }
    const said = (await fixture.log(name)).filter(({ type }) => type === "note.said");
    expect(said.map(({ actor }) => actor?.id)).toEqual(["ada", "bob"]);
    await allHaveHeard([ada, bob], name);
  });
});
