import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { serve } from "sessile/node";
import { ScriptedModel } from "../../apps/triage/test/fixtures/agent-model.ts";
import { bundleWorker } from "../../packages/cli/src/bundle-worker.ts";
import { findConfig, readConfig } from "../../packages/cli/src/worker-config.ts";
import { buildPage } from "../lib/build.ts";
import { ensureChromium } from "../lib/chromium.ts";
import { launchChromium } from "../lib/launch-chromium.ts";
import { root, StepFailed, steps } from "../lib/run.ts";
import { toldInvestigation } from "../lib/told-investigation.ts";

// `npm run screenshots`: the pictures of the README, taken from the app itself with the sample that it ships.
const pictures = join(root, "docs/images");
const size = { width: 1440, height: 900 };
const maxBytes = 300 * 1024;

await steps([
  ["Chromium", ensureChromium],
  ["Build the page", () => buildPage()],
  ["Pictures", takePictures],
]);

async function takePictures(): Promise<void> {
  const browser = await launchChromium();
  const model = await ScriptedModel.start();
  model.otherwise = toldInvestigation;
  try {
    await withApp(browser, {}, async (page, url) => {
      await investigateSome(page, url);
      await page.goto(url);
      await page.getByRole("link", { name: /./ }).nth(3).waitFor();
      await take(page, "queue");
      await openIncident(page, url, 0);
      await page.getByRole("button", { name: /^Record decision/ }).waitFor();
      await page.keyboard.press("j");
      await page.keyboard.press("a");
      await page.getByText("Approved", { exact: true }).first().waitFor();
      await page.evaluate("scrollTo(0, 0)");
      await take(page, "incident");
    });
    const vars = {
      TRIAGE_MODEL_URL: `${model.url}/v1`,
      TRIAGE_MODEL: "a-model",
      TRIAGE_MODEL_PRICES: "0.25,2",
    };
    await withApp(browser, vars, async (page, url) => {
      await openIncident(page, url, 0);
      await page.getByRole("button", { name: /^Start investigation/ }).click();
      await page.getByText(/^Code run in a sandbox/).click();
      await page.getByText(/^Refused: /).click();
      await page.getByRole("region", { name: "Agents" }).scrollIntoViewIfNeeded();
      await take(page, "agents", page.getByRole("region", { name: "Agents" }));
    });
  } finally {
    await browser.close();
    await model.stop();
  }
}

/** The app with the sample in it, on a folder of its own, and somebody who looks at it. */
async function withApp(
  browser: Browser,
  more: Readonly<Record<string, string>>,
  look: (page: Page, url: string) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "sessile-screenshots-"));
  const config = readConfig(findConfig("wrangler.jsonc", join(root, "apps/triage")));
  if (config.main === undefined) throw new StepFailed("wrangler.jsonc has no main");
  const { compatibilityDate, compatibilityFlags, durableObjects, d1, workerLoaders, vars, assets } = config;
  const server = await serve({
    worker: { source: await bundleWorker(config.main, config.define) },
    ...{ dir, port: 0, compatibilityDate, compatibilityFlags, durableObjects, d1, workerLoaders },
    vars: { ...vars, ...more },
    ...(assets ? { assets } : {}),
  });
  try {
    const context = await browser.newContext({
      viewport: size,
      colorScheme: "light",
      reducedMotion: "reduce",
    });
    await signIn(context, server.url, "Ana Duarte");
    const sample = await context.request.post(`${server.url}/api/sample`);
    if (!sample.ok()) throw new StepFailed(`the sample was refused: ${await sample.text()}`);
    await look(await context.newPage(), server.url);
    await context.close();
  } finally {
    await server.close();
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function signIn(context: BrowserContext, url: string, name: string): Promise<void> {
  const answer = await context.request.post(`${url}/api/profile`, { data: { name } });
  if (!answer.ok()) throw new StepFailed(`the profile was refused: ${await answer.text()}`);
}

/** The worst two, so that the queue shows more than one status. */
async function investigateSome(page: Page, url: string): Promise<void> {
  for (const index of [1, 0]) {
    await openIncident(page, url, index);
    await page.getByRole("button", { name: /^Start investigation/ }).click();
    await page.getByRole("button", { name: /^Record decision/ }).waitFor();
  }
}

async function openIncident(page: Page, url: string, index: number): Promise<void> {
  const { items } = (await (await page.request.get(`${url}/api/incidents?sort=-severity`)).json()) as {
    readonly items: readonly { readonly name: string }[];
  };
  await page.goto(`${url}/incident/${items[index]?.name}`);
  await page.getByText("Live", { exact: true }).waitFor();
}

async function take(page: Page, name: string, what: Page | Locator = page): Promise<void> {
  const file = join(pictures, `${name}.png`);
  await page.waitForTimeout(500);
  writeFileSync(file, await what.screenshot());
  const { size: bytes } = statSync(file);
  if (bytes > maxBytes) throw new StepFailed(`${file} has ${bytes} bytes; at most ${maxBytes} are wanted`);
  console.log(`docs/images/${name}.png, ${Math.round(bytes / 1024)} KB`);
}
