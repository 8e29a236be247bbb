import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Server, serve } from "sessile/node";
import { expect } from "vitest";
import { launchChromium } from "../../../../scripts/lib/launch-chromium.ts";
import { checkIns } from "../fixtures/stories.ts";
import { serveOptions, Triage, type TriageOptions } from "../fixtures/triage-server.ts";
import { CuttableNetwork } from "./cuttable-network.ts";

const page = fileURLToPath(new URL("../../dist/ui", import.meta.url));

/** The app as users have it: the embedded server with the built page, and a real browser behind a network that can be cut. */
export class TriageInBrowser {
  readonly network: CuttableNetwork;
  readonly browser: Browser;
  readonly #folder: string;
  readonly #vars: TriageOptions["vars"];
  /** What pages complained about: uncaught errors, failed assertions of React and the like. */
  readonly complaints: string[] = [];
  server: Server;

  private constructor(
    network: CuttableNetwork,
    browser: Browser,
    server: Server,
    folder: string,
    vars: TriageOptions["vars"],
  ) {
    this.network = network;
    this.browser = browser;
    this.server = server;
    this.#folder = folder;
    this.#vars = vars;
  }

  static async start(vars: TriageOptions["vars"] = {}): Promise<TriageInBrowser> {
    if (!existsSync(join(page, "index.html"))) throw new Error("Build the page first: npm run build");
    const folder = mkdtempSync(join(tmpdir(), "sessile-browser-"));
    const network = await CuttableNetwork.open();
    const server = await TriageInBrowser.#serve(folder, network, vars);
    const browser = await launchChromium([
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ]);
    return new TriageInBrowser(network, browser, server, folder, vars);
  }

  static async #serve(
    dir: string,
    network: CuttableNetwork,
    vars: TriageOptions["vars"] = {},
  ): Promise<Server> {
    const server = await serve({
      ...(await serveOptions({ dir, vars })),
      assets: { directory: page, spa: true, workerFirst: ["/api/*", "/v1/*"] },
      allowedHosts: [`127.0.0.1:${network.port}`],
    });
    network.leadTo(server.port);
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.network.port}`;
  }

  /** Stops the server and starts it on the same data. */
  async restart(): Promise<void> {
    await this.server.close();
    this.server = await TriageInBrowser.#serve(this.#folder, this.network, this.#vars);
  }

  /** A browser of its own for one person, who has picked a name. */
  async person(
    name: string,
    options: Parameters<Browser["newContext"]>[0] = {},
  ): Promise<{ context: BrowserContext; page: Page }> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    await context.request.post(`${this.url}/api/profile`, { data: { name } });
    const opened = await context.newPage();
    opened.on("pageerror", (error) => this.complaints.push(`${name}: ${error.message}`));
    return { context, page: opened };
  }

  /** Closes what a test left open. */
  async leave(): Promise<void> {
    this.network.mend();
    for (const context of this.browser.contexts()) await context.close();
  }

  async ingest(lines: string): Promise<void> {
    const response = await fetch(`${this.server.url}/api/alerts`, { method: "POST", body: lines });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Bob, who asks the server directly: no cut network is between them. */
  atTheOffice(): Promise<Triage> {
    return Triage.at(this.server.url).signIn("Bob");
  }

  /** An incident that no other test has, about one host. */
  async incidentOf(host: string) {
    const bob = await this.atTheOffice();
    await bob.ingest(checkIns(4, host));
    const find = async () => (await bob.incidents(`&q=${host}`))[0];
    const name = (await find())?.name ?? "";
    const investigate = async () => {
      await bob.call(name, "startInvestigation");
      await expect.poll(async () => (await find())?.status).toBe("triaged");
    };
    return { host, name, url: `${this.url}/incident/${name}`, bob, investigate };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.server.close();
    await this.network[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
