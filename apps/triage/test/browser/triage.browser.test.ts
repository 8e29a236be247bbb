import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axeViolations } from "../../../../scripts/lib/axe-violations.ts";
import { storedCommands } from "./stored-commands.ts";
import { TriageInBrowser } from "./triage-in-browser.ts";

let app: TriageInBrowser;

beforeAll(async () => {
  app = await TriageInBrowser.start();
});
afterEach(() => app?.leave());
afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  expect(app?.complaints).toEqual([]);
});

const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { level: 1, name });
const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });

/** Opens the critical incident of the sample from the queue. */
async function openCritical(page: Page): Promise<string> {
  await page.goto(app.url);
  await page.getByRole("link", { name: /LSASS/i }).first().click();
  await heading(page, /LSASS/i).waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  return page.url();
}

/** What analysts share on the page: everything but the clock, who is here, and their own composing. */
async function shown(page: Page): Promise<string> {
  const text = await page.locator("main").evaluate((main) => {
    const copy = main.cloneNode(true) as HTMLElement;
    for (const own of copy.querySelectorAll("time, form, [title^='Here now'], [role='status']")) own.remove();
    return copy.textContent ?? "";
  });
  return text.replaceAll(/\s+/g, " ");
}

describe("triage in the browser", () => {
  test("a first start offers the sample, and its incidents appear", async () => {
    const { page } = await app.person("Ada");
    await page.goto(app.url);
    await button(page, "Load the sample").click();
    await page.getByRole("link", { name: /LSASS/i }).first().waitFor();
    expect(await page.getByRole("link", { name: /./ }).count()).toBeGreaterThan(5);
  });

  test("two analysts on one incident stay equal: start, findings, notes, decisions, reload, eviction", async () => {
    const ada = await app.person("Ada");
    const bob = await app.person("Bob");
    const url = await openCritical(ada.page);
    await bob.page.goto(url);
    await bob.page.getByText("Live", { exact: true }).waitFor();

    // Asked for by nobody in particular, it waits for a name.
    await ada.context.clearCookies();
    await ada.page.reload();
    await button(ada.page, /^Start investigation/).click();
    await ada.page.getByLabel("Your name").fill("Ada");
    await button(ada.page, "Use").click();
    for (const { page } of [ada, bob]) await button(page, /^Record decision/).waitFor();

    await ada.page.getByLabel("New note").fill("Looks real: isolating first.");
    await button(ada.page, /^Add note/)
      .first()
      .click();
    await bob.page.getByText("Looks real: isolating first.").waitFor();

    await button(bob.page, /^Approve/)
      .first()
      .click();
    await ada.page
      .getByText(/Approved/)
      .first()
      .waitFor();
    await bob.page
      .getByText(/Approved/)
      .first()
      .waitFor();
    await expect.poll(async () => (await shown(ada.page)) === (await shown(bob.page))).toBe(true);

    const before = await shown(ada.page);
    await ada.page.reload();
    await ada.page.getByText("Live", { exact: true }).waitFor();
    await expect.poll(() => shown(ada.page)).toBe(before);

    await app.server.evict("SIRTSession", url.split("/").at(-1) ?? "");
    await bob.page.getByLabel("New note").fill("Still here after the eviction.");
    await button(bob.page, /^Add note/)
      .first()
      .click();
    await ada.page.getByText("Still here after the eviction.").waitFor();
  });

  test("what waits is decided in the inbox, from another browser while the first is closed, by keyboard, with the right trail", async () => {
    const waiting = (page: Page) =>
      page.getByRole("list", { name: "Decisions that wait" }).getByRole("listitem");
    const ada = await app.person("Ada");
    await ada.page.goto(`${app.url}/inbox`);
    await waiting(ada.page).first().waitFor();
    const count = await waiting(ada.page).count();
    expect(await ada.page.locator("[data-count]").textContent()).toBe(String(count));
    const [first = "", second = ""] = await waiting(ada.page).getByRole("heading").allTextContents();
    await ada.context.close();

    const bob = await app.person("Bob");
    const eve = await app.person("Eve");
    await eve.page.goto(`${app.url}/inbox`);
    await waiting(eve.page).first().waitFor();
    await bob.page.goto(app.url);
    await bob.page.locator(`[data-count="${count}"]`).waitFor();
    await bob.page.keyboard.press("g");
    await bob.page.keyboard.press("i");
    await waiting(bob.page).first().waitFor();
    expect(await axeViolations(bob.page)).toEqual([]);
    await bob.page.keyboard.press("j");
    await bob.page.keyboard.press("a");
    await bob.page.keyboard.press("j");
    for (const { page } of [bob, eve]) {
      await page.locator(`[data-count="${count - 1}"]`).waitFor();
      expect(await waiting(page).getByRole("heading").first().textContent()).toBe(second);
    }
    await bob.page.getByRole("link", { name: /LSASS/i }).first().click();
    const action = bob.page
      .getByRole("listitem")
      .filter({ has: bob.page.getByRole("heading", { name: first, exact: true }) });
    await action.getByText("Approved").waitFor();
    await action.getByText("Bob").waitFor();

    // Whoever has not said who they are is asked first, and need not decide again.
    await eve.context.clearCookies();
    await eve.page.reload();
    await waiting(eve.page).first().waitFor();
    await eve.page.keyboard.press("j");
    await eve.page.keyboard.press("r");
    await eve.page.getByLabel("Your name").fill("Eve");
    await button(eve.page, "Use").click();
    await action.page().getByText("Rejected").waitFor();
    await action.page().getByText("Eve").first().waitFor();
  });

  test("what is written while the network is gone waits, is sent once, also by another tab, and what others did meanwhile arrives", async () => {
    const ada = await app.person("Ada");
    const url = await openCritical(ada.page);
    app.network.cut();
    await ada.page.getByText("Live", { exact: true }).waitFor({ state: "hidden" });
    await ada.page.getByLabel("New note").fill("Written on the train.");
    await button(ada.page, /^Add note/)
      .first()
      .click();
    const bob = await app.atTheOffice();
    const response = await bob.call(url.split("/").at(-1) ?? "", "addNote", "Written at the office.");
    expect(response.status).toBe(200);
    app.network.mend();
    await ada.page.getByText("Live", { exact: true }).waitFor();
    await ada.page.getByText("Written at the office.").waitFor();
    await expect.poll(async () => ada.page.getByText("Sending…").count()).toBe(0);
    const notes = (page: Page) => page.getByRole("region", { name: "Notes" });
    expect(await notes(ada.page).getByText("Written on the train.").count()).toBe(1);

    app.network.cut();
    await ada.page.getByText("Live", { exact: true }).waitFor({ state: "hidden" });
    await ada.page.getByLabel("New note").fill("Written before the tab was closed.");
    await button(ada.page, /^Add note/)
      .first()
      .click();
    await expect.poll(() => storedCommands(ada.page)).toBe(1);
    await ada.page.close();
    app.network.mend();
    const again = await ada.context.newPage();
    await again.goto(url);
    await again.getByText("Live", { exact: true }).waitFor();
    await expect.poll(() => storedCommands(again)).toBe(0);
    const written = notes(again).getByText("Written before the tab was closed.");
    await written.first().waitFor();
    expect(await written.count()).toBe(1);
  });

  test("a restart of the server changes nothing on the page", async () => {
    const ada = await app.person("Ada");
    await openCritical(ada.page);
    await expect.poll(() => shown(ada.page)).toContain("Written at the office.");
    const before = await shown(ada.page);
    await app.restart();
    await expect.poll(() => shown(ada.page)).toBe(before);
  });

  test("everything works from the keyboard: find, open, start, decide, write, close", async () => {
    const { page } = await app.person("Kay");
    await page.goto(app.url);
    await heading(page, "Queue").waitFor();
    await page.getByRole("link", { name: /LSASS/i }).first().waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await button(page, /^Start investigation/).waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await page.keyboard.press("s");
    await button(page, /^Record decision/).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("c");
    await page.keyboard.type("Not on this host.", { delay: 5 });
    await page.keyboard.press("Escape");
    await page.keyboard.press("r");
    await page.locator("[data-action]", { hasText: "Rejected" }).getByText("“Not on this host.”").waitFor();
    await page.keyboard.press("n");
    await page.keyboard.type("Typed without a mouse.", { delay: 5 });
    await page.keyboard.press("Control+Enter");
    const notes = page.getByRole("region", { name: "Notes" });
    await notes.getByText("Typed without a mouse.").waitFor();
    await page.keyboard.press("Escape");
    await notes.getByRole("button", { name: "Edit" }).press("Enter");
    await page.getByLabel("Edit note").press("!");
    await page.keyboard.press("Escape");
    await page.keyboard.press("g");
    await page.keyboard.press("q");
    await heading(page, "Queue").waitFor();
  });

  test("a dropped file with bad records is taken in and says which and why", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sessile-drop-"));
    try {
      const file = join(folder, "alerts.ndjson");
      const good = {
        timestamp: "2026-03-01T10:00:00Z",
        event_type: "alert",
        src_ip: "192.0.2.7",
        dest_ip: "198.51.100.9",
        proto: "TCP",
      };
      const alert = {
        signature_id: 1,
        signature: "LOCAL dropped file",
        category: "Misc Attack",
        severity: 1,
      };
      writeFileSync(file, `${JSON.stringify({ ...good, alert })}\n{"broken":\n{"foo":1}\n`);
      const { page } = await app.person("Ada");
      await page.goto(app.url);
      await heading(page, "Queue").waitFor();
      await page.keyboard.press("u");
      await page.locator('input[type="file"]').setInputFiles(file);
      await page
        .getByText(/2 records rejected/)
        .first()
        .waitFor();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("a queue whose line was cut shows what happened meanwhile", async () => {
    const { host, bob, name, investigate } = await app.incidentOf("10.20.0.31");
    await investigate();
    const rowOf = async (url: string) => {
      const { page } = await app.person("Ada");
      await page.goto(`${url}/?q=${host}`);
      await page.getByText("Live", { exact: true }).waitFor();
      const row = page.getByRole("list", { name: "Incidents" }).getByRole("listitem");
      await row.getByText("Triaged").waitFor();
      return { page, row };
    };
    const [far, near] = [await rowOf(app.url), await rowOf(app.server.url)];
    app.network.cut();
    await far.page.getByText("Not live").waitFor();
    await bob.call(name, "recordDecision", "benign", "A test.");
    await near.row.getByText("Closed").waitFor();
    app.network.mend();
    await far.row.getByText("Closed").waitFor();
  });

  test("a record that cannot be read shows nothing of the one before", async () => {
    const { url } = await app.incidentOf("10.20.0.32");
    const { page } = await app.person("Ada");
    await page.goto(`${url}?tab=evidence`);
    const records = page.getByRole("tabpanel").getByRole("listitem").getByRole("button");
    const sheet = page.getByRole("dialog", { name: "Record" });
    await records.first().click();
    await sheet.getByText("flow_id").waitFor();
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "hidden" });
    app.network.cut();
    await records.nth(1).click();
    await sheet.getByText("The record could not be read").waitFor();
    expect(await sheet.getByText("flow_id").count()).toBe(0);
  });

  test("a profile changed in another window is told until the page is loaded anew, and nothing is done under the other name", async () => {
    const { url, investigate } = await app.incidentOf("10.20.0.33");
    await investigate();
    const { context, page } = await app.person("Ada");
    await page.goto(url);
    await button(page, /^Approve/)
      .first()
      .waitFor();
    const other = await context.newPage();
    await other.goto(app.url);
    await other.getByTitle(/^You are Ada/).click();
    await other.getByLabel("Another name").fill("Eve");
    await button(other, "Use").click();
    await other.getByTitle(/^You are Eve/).waitFor();

    const notice = page.getByRole("alert").filter({ hasText: "changed in another window" });
    await notice.waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("i");
    await page.getByRole("list", { name: "Decisions that wait" }).waitFor();
    const waiting = await page.locator("[data-count]").textContent();
    await page.keyboard.press("j");
    await page.keyboard.press("a");
    await notice.getByRole("button", { name: "Reload" }).click();
    await page.getByTitle(/^You are Eve/).waitFor();
    await notice.waitFor({ state: "hidden" });
    await page.locator(`[data-count="${waiting}"]`).waitFor();
  });

  test("an edit that waits for the network is no conflict with oneself, wherever one looks meanwhile", async () => {
    const { url, bob, name } = await app.incidentOf("10.20.0.34");
    await bob.call(name, "addNote", "As first written.");
    const { page } = await app.person("Ada", { viewport: { width: 390, height: 844 } });
    await page.goto(`${url}?tab=notes`);
    await page.getByText("Live", { exact: true }).waitFor();
    await button(page, "Edit the note by Bob").click();
    app.network.cut();
    await page.getByText("Live", { exact: true }).waitFor({ state: "hidden" });
    await page.getByLabel("Edit note").fill("As Ada has it.");
    await button(page, "Save").click();
    await page.getByRole("tab", { name: /timeline/i }).click();
    await page.getByRole("tab", { name: /notes/i }).click();
    await page.getByLabel("Edit note").waitFor();
    expect(await button(page, "Saving…").isDisabled()).toBe(true);
    app.network.mend();
    await page.getByText("version 2").waitFor();
    await page.getByRole("article").getByText("As Ada has it.").waitFor();
    await page.getByLabel("Edit note").waitFor({ state: "hidden" });
    expect(await page.getByRole("region", { name: "Conflicting edit" }).count()).toBe(0);
  });

  test("the focus stays with what is decided, and goes on when that leaves", async () => {
    const { url, investigate } = await app.incidentOf("10.20.0.35");
    await investigate();
    const { page } = await app.person("Kay");
    const focused = () =>
      page.evaluate(() => document.activeElement?.closest("li")?.querySelector("h2, h3")?.textContent);
    await page.goto(url);
    await button(page, /^Approve/)
      .first()
      .focus();
    const [first, second] = await page.locator("[data-action] h3").allTextContents();
    await page.keyboard.press("Enter");
    await page.getByText("Approved").first().waitFor();
    expect(await focused()).toBe(first);
    await page.keyboard.press("j");
    expect(await focused()).toBe(second);

    await page.goto(`${app.url}/inbox`);
    const waiting = page.getByRole("list", { name: "Decisions that wait" }).getByRole("heading");
    await waiting.first().waitFor();
    const count = await waiting.count();
    const next = await waiting.nth(1).textContent();
    await button(page, /^Reject/)
      .first()
      .focus();
    await page.keyboard.press("Enter");
    await page.locator(`[data-count="${count - 1}"]`).waitFor();
    expect(await focused()).toBe(next);
  });

  test.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 390],
  ] as const)(
    "no accessibility violations and no sideways scrolling: %s at %d px",
    async (colorScheme, width) => {
      const { page } = await app.person("Ada", {
        colorScheme,
        viewport: { width, height: 844 },
        reducedMotion: "reduce",
      });
      await page.goto(app.url);
      await page.getByRole("link", { name: /LSASS/i }).first().waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await openCritical(page);
      expect(await axeViolations(page)).toEqual([]);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
    },
  );
});
