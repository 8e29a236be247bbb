import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { Browser, Page } from "playwright-core";
import { type Server, serve } from "sessile/node";
import { generate } from "sessile/routes";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pathOf, routeRules } from "../../../packages/sessile/test/attack/route-rules.ts";
import { bundle } from "../../../packages/sessile/test/bundle.ts";
import { axeViolations } from "../../../scripts/lib/axe-violations.ts";
import { launchChromium } from "../../../scripts/lib/launch-chromium.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let server: Server;
let browser: Browser;
const dir = mkdtempSync(join(tmpdir(), "sessile-tutor-"));
const complaints: string[] = [];

beforeAll(async () => {
  const ui = here("../dist/ui");
  if (!existsSync(join(ui, "index.html"))) throw new Error("Build the page first: npm run build");
  generate({ root: here("..") });
  server = await serve({
    worker: { source: await bundle(here("table-worker.ts")) },
    dir,
    port: 0,
    compatibilityDate: "2026-11-01",
    durableObjects: { TUTOR_SESSION: { className: "TutorSession" } },
    d1: ["SESSILE_RECORD"],
    assets: { directory: ui, spa: true, workerFirst: ["/api/*", "/v1/*", "/mcp"] },
  });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  expect(complaints).toEqual([]);
});

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

async function opened(name: string, path = "/"): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(server.url + path);
  await page.getByLabel("Your name").fill(name);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Conversation" }).waitFor();
  return page;
}

test("a session by keyboard: a question, a draft cancelled and one sent, the catalogue, a summary, an export", async () => {
  const page = await opened("Ada");
  const question = page.getByLabel("Your question");
  await page
    .getByText(`No model answers here.`)
    .filter({ hasText: `${server.url}/mcp` })
    .waitFor();
  await question.fill("Does Calculus I transfer to Westmere University?");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const lines = page.getByRole("listitem");
  await lines.filter({ hasText: "Ada" }).filter({ hasText: "Does Calculus" }).waitFor();
  await page.getByText("99 of 100 prompts left today (free)").waitFor();

  await question.fill("Never mind");
  await button(page, "Keep as draft").press("Enter");
  await lines.filter({ hasText: "Draft, not sent" }).filter({ hasText: "Never mind" }).waitFor();
  await button(page, "Cancel the draft").press("Enter");
  await lines.filter({ hasText: "Never mind" }).waitFor({ state: "detached" });
  await question.fill("And Programming I?");
  await button(page, "Keep as draft").press("Enter");
  await button(page, "Send the draft").press("Enter");
  await lines.filter({ hasText: "Ada" }).filter({ hasText: "And Programming I?" }).waitFor();

  await page.getByLabel("Course").selectOption("MATH 101");
  await button(page, "Check").press("Enter");
  await lines.filter({ hasText: "Westmere University: MATH 1A" }).waitFor();
  await button(page, "Summarise").press("Enter");
  await page.getByRole("button", { name: /^Again in \d+ s$/ }).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  if (process.env.SESSILE_SCREENSHOT) await page.screenshot({ path: process.env.SESSILE_SCREENSHOT });

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export" }).press("Enter");
  expect(readFileSync(await (await download).path(), "utf8")).toContain("And Programming I?");
  await page.context().close();
});

test("what an assistant says through its tools is there after Refresh, and after a reload", async () => {
  const page = await opened("Bob", "/tutor/with-assistant");
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)));
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain("tn_session_export");
  const said = await client.callTool({
    name: "tn_session_ask",
    arguments: { sessionId: "with-assistant", message: "Hello from an assistant" },
  });
  expect(said.isError).toBeFalsy();
  await client.close();
  const line = page.getByRole("listitem").filter({ hasText: "Hello from an assistant" });
  expect(await line.count()).toBe(0);
  await button(page, "Refresh").press("Enter");
  await line.waitFor();
  await page.reload();
  await line.waitFor();
  await page.context().close();
});

test("what the page cannot show, and what speaks for the tutor, is refused; a draft nobody looked at harms nobody", async () => {
  const page = await opened("Eve", "/tutor/hostile");
  const session = `${server.url}/v1/sessions/tutor/hostile`;
  const append = async (type: string, payload: unknown) => {
    const data = { clientEventId: crypto.randomUUID(), type, payload };
    const answer = await page.request.post(`${session}/events`, { data });
    return [payload, answer.status(), ((await answer.json()) as { readonly field?: string }).field];
  };
  for (const payload of [
    null,
    {},
    [],
    "text",
    { role: "user", text: {} },
    { role: "assistant", text: "Of course." },
  ])
    expect(await append("message", payload)).toEqual([payload, 400, "payload"]);
  for (const payload of [null, { speaker: {}, text: "Hello" }, { speaker: "Eve" }])
    expect(await append("transcript", payload)).toEqual([payload, 400, "payload"]);
  const spoken = { speaker: "Eve", text: "Spoken words", offsetMs: 0 };
  expect(await append("transcript", spoken)).toEqual([spoken, 201, undefined]);
  const kept = await page.request.put(`${session}/draft`, {
    data: { type: "message", payload: { text: {} } },
  });
  expect(kept.ok()).toBe(true);
  await page.reload();
  await page.getByText("Spoken words").waitFor();
  await page.getByText("Draft, not sent").waitFor();
  await page.context().close();
});

test("what is refused is said, and comes back to be written again", async () => {
  const page = await opened("Cleo", "/tutor/ended");
  const question = page.getByLabel("Your question");
  await question.fill("The first");
  await button(page, "Send").press("Enter");
  await page.getByRole("listitem").filter({ hasText: "Cleo" }).waitFor();
  // The page hears of it only when it asks for news.
  const ended = await page.request.post(`${server.url}/v1/sessions/tutor/ended/lifecycle`, {
    data: { to: "terminated" },
  });
  expect(ended.ok()).toBe(true);
  for (const how of ["Send", "Keep as draft"]) {
    await question.fill(`Lost by ${how}?`);
    await button(page, how).press("Enter");
    await page.getByRole("alert").filter({ hasText: /\S/ }).waitFor();
    await expect.poll(() => question.inputValue()).toBe(`Lost by ${how}?`);
  }
  await page.route("**/v1/sessions/tutor/ended/**", (route) =>
    route.fulfill({
      status: 403,
      contentType: "application/problem+json",
      body: JSON.stringify({ code: "forbidden", status: 403, detail: "You may not read this." }),
    }),
  );
  await button(page, "Refresh").press("Enter");
  await page.getByText("You may not read this.").waitFor();
  await button(page, "Refresh").waitFor();
  await page.context().close();
});

test("a server that is away for a moment is asked again, and is not blamed on the name", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.route("**/api/profile", (route) => route.abort());
  await page.goto(server.url);
  await page.getByText("The server cannot be reached.").waitFor();
  await page.unroute("**/api/profile");
  await button(page, "Try again").press("Enter");
  const name = page.getByLabel("Your name");
  await name.waitFor();
  await page.route("**/api/profile", (route) =>
    route.fulfill({ status: 501, json: { detail: "The secret that signs profiles is not set." } }),
  );
  await name.fill("Dora");
  await name.press("Enter");
  await page.getByText("The secret that signs profiles is not set.").waitFor();
  await context.close();
});

test("every route of the app's own has a rule; guests use sessions, and whoever picked a name ends them", async () => {
  const ask = (route: string, path: string, cookie: string, body?: unknown) =>
    fetch(server.url + path, {
      method: route.split(" ")[0] ?? "",
      headers: { cookie },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const served = (await (await ask("GET", "/api/test/routes", "")).json()) as readonly string[];
  const own = served.filter((route) => / \/(api|mcp)/.test(route) && !route.includes("/test/"));
  expect(own.sort()).toEqual(["ALL /mcp", "GET /api/profile", "POST /api/profile"]);

  // Everybody's own profile, and nobody else's.
  const { headers } = await ask("POST", "/api/profile", "", { name: "Ada" });
  const person = headers.get("set-cookie")?.split(";")[0] ?? "";
  const profile = async (cookie: string) => (await ask("GET", "/api/profile", cookie)).json();
  expect(await profile(person)).toMatchObject({ profile: { name: "Ada" } });
  expect(await profile("")).toEqual({ profile: null });
  const encrypted = await ask("POST", "/api/test/profile-over-https", "", { name: "Ada" });
  expect(encrypted.headers.get("set-cookie")).toMatch(/; Secure$/);

  for (const { route, right, body } of routeRules) {
    if (right === "open" || !route.includes("/:kind/:name") || route.includes("/inspect")) continue;
    const path = pathOf(route, "tried").path.replace("/notes/", "/tutor/");
    const refusals = [];
    for (const cookie of ["", person]) {
      const answer = await ask(route, path, cookie, body);
      const isRefused = /"code":"unauthenticated"|"detail":"You may not/.test(await answer.text());
      refusals.push(isRefused ? answer.status : null);
    }
    expect([route, ...refusals]).toEqual([route, right === "admin" ? 401 : null, null]);
  }
});
