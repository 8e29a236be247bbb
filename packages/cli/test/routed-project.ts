import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Server, serve } from "sessile/node";
import { type Generated, type GenerateOptions, generate } from "sessile/routes";
import { bundlePages } from "../src/bundle-pages.ts";
import { bundleWorker } from "../src/bundle-worker.ts";
import { readConfig } from "../src/worker-config.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A copy of the fixture that a test may change, and the server of what is generated from it. */
export class RoutedProject {
  readonly root = mkdtempSync(join(tmpdir(), "sessile-routes-"));
  #server: Server | null = null;

  constructor() {
    cpSync(here("fixture"), this.root, { recursive: true });
    symlinkSync(here("../../../node_modules"), join(this.root, "node_modules"));
  }

  get url(): string {
    if (!this.#server) throw new Error("nothing is served");
    return this.#server.url;
  }

  path(path: string): string {
    return join(this.root, path);
  }

  read(path: string): string {
    return readFileSync(this.path(path), "utf8");
  }

  replace(path: string, from: string, to: string): void {
    writeFileSync(this.path(path), this.read(path).replaceAll(from, to));
  }

  write(path: string, text: string): void {
    const file = this.path(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  move(from: string, to: string): void {
    renameSync(this.path(from), this.path(to));
  }

  generate(options: Omit<GenerateOptions, "root"> = {}): Generated {
    return generate({ root: this.root, ...options });
  }

  /** Serves what is generated now, on the same data as before. */
  async serve(): Promise<void> {
    await this.#server?.close();
    const config = readConfig(this.path("wrangler.jsonc"));
    await bundlePages(this.root, this.generate({ check: true }).manifest);
    this.#server = await serve({
      ...config,
      worker: { source: await bundleWorker(this.path(".sessions/worker.ts")) },
      ...(config.assets ? { assets: config.assets } : {}),
      d1: ["POLICIES"],
      dir: this.path("data"),
      port: 0,
      log: () => {},
    } as Parameters<typeof serve>[0]);
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 3 });
  }
}
