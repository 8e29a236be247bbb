import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axeViolations } from "../../../../scripts/lib/axe-violations.ts";
import { inspectorPage } from "../../../../scripts/lib/inspector-page.ts";
import { launchChromium } from "../../../../scripts/lib/launch-chromium.ts";
import { Fixture } from "../workerd/start.ts";

const operatorToken = "the-operators-token";

let fixture: Fixture;
let browser: Browser;
beforeAll(async () => {
  fixture = await Fixture.start({
    vars: { SESSILE_INSPECTOR: await inspectorPage(), SESSILE_OPERATOR: operatorToken },
  });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await fixture?.stop();
});

const complaints: string[] = [];
afterEach(() => expect(complaints.splice(0)).toEqual([]));

const query = (name: string, sql: unknown) =>
  fixture.ask("POST", `notes/${name}/inspect/sql`, { body: { sql } });

/** A session with something of everything. */
async function busySession(): Promise<string> {
  const name = fixture.name("busy");
  await fixture.call(name, "add", "first");
  await fixture.call(name, "ask", "g1", null, ["yes", "no"]);
  await fixture.call(name, "remind", "t1", Date.now() + 3_600_000, "later");
  await fixture.call(name, "add", "<img src=x onerror=alert(1)>");
  return name;
}

test("IN1 an admin is told of sockets, due work, tables, size and record", async () => {
  const name = await busySession();
  const socket = await fixture.live(name, { headers: { "x-test-user": "ada" } });
  const { status, body } = await fixture.get(`notes/${name}/inspect?tables=1`);
  expect(status).toBe(200);
  expect(body.sockets).toMatchObject({
    count: 1,
    items: [{ actor: { id: "ada" }, protocol: "sessile.v1", phase: "live", bufferedBytes: 0 }],
  });
  expect(Date.parse(body.sockets.items[0].since)).toBeGreaterThan(0);
  const timer = body.due.find(({ timerId }: { timerId: string }) => timerId === "t1");
  expect(timer).toMatchObject({ name: "reminder", attempts: 0 });
  expect(Date.parse(timer.dueAt)).toBeGreaterThan(0);
  expect(body.tables[0]).toEqual({ name: "note", rows: 3 });
  expect(body.tables.map((table: { name: string }) => table.name)).not.toContain("_sessile_draft");
  expect(body.databaseBytes).toBeGreaterThan(4096);
  expect(body.sync).toMatchObject({ durability: "mirror", refusal: null });
  expect((await fixture.get(`notes/${name}/inspect`)).body).not.toHaveProperty("tables");
  socket.socket.close();
});

test("IN1 looking makes no session", async () => {
  const name = fixture.name();
  for (const answer of [await fixture.get(`notes/${name}/inspect`), await query(name, "SELECT 1")])
    expect([answer.status, answer.body.detail]).toEqual([404, "There is no such session."]);
  expect((await fixture.get(`notes/${name}/inspect`)).status).toBe(404);
});

test("IN2 IN3 IN4 on workerd a statement that reads is answered, and any other changes nothing", async () => {
  const name = await busySession();
  expect((await query(name, "SELECT text FROM note ORDER BY id LIMIT 2")).body).toEqual({
    columns: ["text"],
    rows: [["from the migration"], ["first"]],
    isCut: false,
  });
  expect((await query(name, "EXPLAIN QUERY PLAN SELECT * FROM note")).body.rows.flat()).toContain(
    "SCAN note",
  );
  expect((await query(name, "SELECT * FROM _sessile_log")).body.rows.length).toBeGreaterThan(3);
  for (const sql of [
    "DELETE FROM note",
    "WITH gone AS (SELECT 1) DELETE FROM note",
    "SELECT 1) LIMIT 1; DELETE FROM note; SELECT (1",
    "EXPLAIN SELECT 1; DELETE FROM note",
    "PRAGMA user_version = 7",
    "SELECT * FROM no_such_table",
    "SELECT * FROM _cf_KV",
    7,
  ]) {
    const { status, body } = await query(name, sql);
    expect([sql, status, body.code, body.field]).toEqual([sql, 400, "bad_request", "sql"]);
  }
  expect((await query(name, "SELECT * FROM _sessile_draft")).body.code).toBe("forbidden");
  expect(await fixture.call(name, "rows")).toHaveLength(3);
});

async function opened(name: string): Promise<Page> {
  const page = await browser.newPage({ colorScheme: "light" });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
  await page.goto(`${fixture.url}/_sessile/inspect/notes/${name}`);
  return page;
}

test("IN8 a server without a page of its own leads to the kinds and the sessions used last, and from there to one", async () => {
  const name = await busySession();
  const page = await browser.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(fixture.url);
  await page.getByRole("heading", { name: "Sessions" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/_sessile/inspect");
  await expect
    .poll(() => page.reload().then(() => page.getByRole("link", { name: `notes/${name}` }).count()))
    .toBe(1);
  await page.getByLabel("notes/").fill(name);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: `notes/${name}` }).waitFor();
  expect((await fetch(fixture.url)).status).toBe(404);
  await page.close();
});

test("OT3 the page takes the operator's token out of its address, keeps it for the tab, and reads with it", async () => {
  const name = await busySession();
  const page = await browser.newPage();
  await page.setExtraHTTPHeaders({ "x-test-user": "only-read" });
  const address = `${fixture.url}/_sessile/inspect/notes/${name}`;
  await page.goto(address);
  await page.getByText("You may not admin here.").waitFor();
  await page.goto("about:blank");
  await page.goto(`${address}#operator=${operatorToken}`);
  const newest = page.getByRole("option", { selected: true });
  await newest.filter({ hasText: "state.changed" }).waitFor();
  expect(page.url()).toBe(address);
  await page.reload();
  await newest.waitFor();
  await page.close();
});

test("IN6 IN7 the page follows a session: differences, filter, keys, what goes on inside, SQL; accessible, light and dark", async () => {
  const name = await busySession();
  const page = await opened(name);
  const panel = page.getByRole("tabpanel");
  const options = page.getByRole("option");
  const chosen = page.getByRole("option", { selected: true });
  await chosen.filter({ hasText: "state.changed" }).waitFor();
  await fixture.call(name, "add", "live");
  await panel.getByRole("row", { name: 'text "<img src=x onerror=alert(1)>" "live"' }).waitFor();

  await page.getByLabel("Filter by type").fill("note.added");
  await expect.poll(() => options.count()).toBe(3);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await panel.getByText("<img src=x onerror=alert(1)>").waitFor();
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("panel");
  // What comes does not move what is being read.
  await fixture.call(name, "add", "after");
  await page.getByRole("button", { name: "Follow · 2 new" }).waitFor();
  expect(await options.count()).toBe(3);
  await page.keyboard.press("f");
  await expect.poll(() => options.count()).toBe(4);
  await panel.getByText('"after"').waitFor();
  expect(await page.locator("img").count()).toBe(0);

  const show = (tab: string) => page.getByRole("tab", { name: tab }).click();
  await show("State");
  await panel.getByText('"count": 4').waitFor();
  await show("Sockets");
  await panel.getByText("(this page)").waitFor();
  await show("Timers");
  await panel.getByRole("cell", { name: "t1" }).waitFor();
  await show("Gates");
  await panel.getByRole("cell", { name: "waiting" }).waitFor();
  await show("Streams");
  await panel.getByText("Streams, newest first").waitFor();
  await fixture.ask("POST", `notes/${name}/call/addThenThrow`, { body: ["broken"] });
  await show("Log");
  await panel.getByText("secret detail of broken").waitFor();
  await show("SQL");
  await panel.getByRole("button", { name: "note 5" }).click();
  await panel.getByRole("cell", { name: "from the migration" }).waitFor();
  await panel.getByLabel("SQL, read-only").fill("DROP TABLE note");
  await page.keyboard.press("Control+Enter");
  await panel.getByRole("alert").filter({ hasText: "nothing is written here" }).waitFor();
  // What the refusal logs is the browser's own.
  complaints.splice(0);

  for (const [tab, colorScheme] of [
    ["SQL", "light"],
    ["Event", "dark"],
    ["Timers", "light"],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await show(tab);
    expect([tab, await axeViolations(page)]).toEqual([tab, []]);
  }
  await page.close();
});

test("IN6 after more than a thousand gates those that wait are shown first, then the newest", async () => {
  const name = fixture.name();
  const call = (method: string, ...args: unknown[]) => ({
    id: `${method}-${args[0]}`,
    op: "call",
    method,
    args,
  });
  for (let from = 0; from < 1_024; from += 256) {
    const gates = Array.from({ length: 256 }, (_, n) => `g-${from + n}`);
    const commands = [
      ...gates.map((gate) => call("ask", gate, null, ["yes", "no"])),
      ...gates.filter((gate) => gate !== "g-1022").map((gate) => call("decide", gate, "yes")),
    ];
    expect((await fixture.ask("POST", `notes/${name}/commands`, { body: { commands } })).status).toBe(200);
  }
  const page = await opened(name);
  await page.getByRole("tab", { name: "Gates" }).click();
  const row = (n: number) => page.getByRole("tabpanel").locator("tbody tr").nth(n);
  await row(0).filter({ hasText: "g-1022" }).filter({ hasText: "waiting" }).waitFor();
  await row(1).filter({ hasText: "g-1023" }).filter({ hasText: "answered: yes" }).waitFor();
  await row(2).filter({ hasText: "g-1021" }).waitFor();
  await page.close();
});

test("IN6 IN7 a page for a session that is not there says so and makes none; it runs no other script and is framed by nobody", async () => {
  const name = fixture.name();
  const page = await opened(name);
  await page.getByRole("alert").filter({ hasText: "There is no such session." }).waitFor();
  expect((await fixture.get(`notes/${name}/inspect`)).status).toBe(404);
  const violated = await page.evaluate(
    () =>
      new Promise((resolve) => {
        document.addEventListener("securitypolicyviolation", ({ violatedDirective }) =>
          resolve(violatedDirective),
        );
        document.body.append(
          Object.assign(document.createElement("script"), { textContent: "document.title = 'x'" }),
        );
      }),
  );
  expect(violated).toBe("script-src-elem");
  expect(await page.title()).toBe(`notes/${name} · Inspector`);
  const { headers } = await fixture.get(`/_sessile/inspect/notes/${name}`);
  expect(headers.get("content-security-policy")).toBe("frame-ancestors 'none'");
  complaints.splice(0);
  await page.close();
});
