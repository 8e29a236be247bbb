import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../../../../scripts/lib/launch-chromium.ts";
import { type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder } from "../../src/node/server/fixtures/processes.ts";
import { bundle } from "../bundle.ts";

const folder = temporaryFolder();
let server: Server;
let browser: Browser;

beforeAll(async () => {
  server = await serve({
    worker: { source: await bundle(fileURLToPath(new URL("accounts-worker.ts", import.meta.url))) },
    dir: folder.path,
    port: 0,
    compatibilityDate,
    compatibilityFlags: ["nodejs_compat"],
    durableObjects: { CHAT: { className: "Chat" }, SESSILE_FEED: { className: "DirectoryFeed" } },
    d1: ["SESSILE_RECORD"],
  });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  folder[Symbol.dispose]();
});

/** A page with an authenticator that asks nobody anything. A passkey belongs to a name, which an address of digits is not. */
async function opened(): Promise<Page> {
  const page = await browser.newPage();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto(`${server.url.replace("127.0.0.1", "localhost")}/test/public/chat`);
  return page;
}

/** What the page is answered below `/api/auth`. */
async function ask(page: Page, path: string, body?: object): Promise<{ user?: { id: string } } | null> {
  return page.evaluate(
    async ([path, body]) => {
      const response = await fetch(`/api/auth${path}`, {
        ...(body === undefined
          ? {}
          : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return response.json();
    },
    [path, body] as const,
  );
}

test("AC1 with a passkey somebody comes back as who they were", async () => {
  const page = await opened();
  const before = await ask(page, "/sign-in/anonymous", {});
  const made = await page.evaluate(async () => {
    const options = await (await fetch("/api/auth/passkey/generate-register-options")).json();
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
    return credential.toJSON();
  });
  await ask(page, "/passkey/verify-registration", { response: made, name: "This laptop" });
  await ask(page, "/sign-out", {});
  expect(await ask(page, "/get-session")).toBeNull();
  const shown = await page.evaluate(async () => {
    const options = await (await fetch("/api/auth/passkey/generate-authenticate-options")).json();
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
    return credential.toJSON();
  });
  await ask(page, "/passkey/verify-authentication", { response: shown });
  expect((await ask(page, "/get-session"))?.user?.id).toBe(before?.user?.id);
});
