import { setTimeout } from "node:timers/promises";
import { ServeError, type Server, serve } from "sessile/node";
import type { Manifest } from "sessile/routes";
import type { ServeFlags } from "../serve-flags.ts";
import { DevBuild, type DevBuilt, writePages } from "./dev-build.ts";
import { FolderWatch } from "./folder-watch.ts";
import { LiveReload } from "./live-reload.ts";

export interface DevOptions {
  /** The folder with the configuration, and with `sessions/` if there is one. */
  readonly root: string;
  readonly flags: ServeFlags;
  /** Called once, when it serves for the first time. */
  readonly onServing: (server: Server, manifest: Manifest | null) => void | Promise<void>;
  readonly print: (line: string) => void;
}

const defaultPort = 8787;
/** Editors and version control write in bursts. */
const settleMs = 30;

/**
 * Serves a project while somebody works on it. Every change is built, and takes over in place on the same data; what does not
 * build or start is said, and what ran before goes on.
 */
export class DevServer {
  readonly #options: DevOptions;
  readonly #live: LiveReload;
  readonly #build: DevBuild;
  readonly #watch: FolderWatch;
  #server: Server | null = null;
  #running: DevBuilt | null = null;
  #turn: Promise<void> | null = null;
  #isStale = false;
  #isRefused = false;
  #isClosed = false;

  /** @throws ServeError when it cannot serve, whatever the Worker is */
  static async start(options: DevOptions): Promise<DevServer> {
    const port = options.flags.port ?? defaultPort;
    const live = await LiveReload.open(port === 0 ? 0 : port + 1);
    const dev = new DevServer(options, live);
    const first = dev.#update();
    // What changes meanwhile, our own files too, waits for it.
    dev.#turn = first.catch(() => {}).then(() => dev.#takeIn());
    try {
      await first;
    } catch (thrown) {
      await dev.close();
      throw thrown;
    }
    return dev;
  }

  private constructor(options: DevOptions, live: LiveReload) {
    this.#options = options;
    this.#live = live;
    this.#build = new DevBuild(options.root, options.flags, () => live.script);
    this.#watch = new FolderWatch((path) => this.#build.concerns(path) && this.#changed());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watch.close();
    await this.#turn;
    await Promise.all([this.#build.dispose(), this.#server?.close(), this.#live.close()]);
  }

  /** Changes that come while one is taken in are taken in together, after it. */
  #changed(): void {
    this.#isStale = true;
    this.#turn ??= this.#takeIn();
  }

  async #takeIn(): Promise<void> {
    while (this.#isStale && !this.#isClosed) {
      await setTimeout(settleMs);
      this.#isStale = false;
      await this.#update().catch((thrown: unknown) => this.#refuse(thrown));
    }
    this.#turn = null;
  }

  async #update(): Promise<void> {
    // Before anything is read: a change that comes after is one more turn.
    this.#watch.cover(this.#build.folders());
    try {
      const built = await this.#build.run();
      for (const path of built.generated) this.#options.print(path);
      await this.#run(built);
      if (this.#isRefused) this.#options.print("Right again.");
      this.#isRefused = false;
      this.#live.fail(null);
    } catch (thrown) {
      if (!this.#server && thrown instanceof ServeError && thrown.code !== "worker_failed") throw thrown;
      this.#refuse(thrown);
    }
    this.#watch.cover(this.#build.folders());
  }

  async #run(built: DevBuilt): Promise<void> {
    const hasNewPages = writePages(built.pages);
    if (!this.#server) {
      this.#server = await serve({ worker: built, ...built.options });
      await this.#options.onServing(this.#server, built.manifest);
    } else if (hasNewPages || !isSame(built, this.#running)) {
      const startedAt = performance.now();
      await this.#takeOver(this.#server, built);
      this.#options.print(`Runs what changed (${Math.round(performance.now() - startedAt)} ms).`);
      if (hasNewPages) this.#live.reload();
    }
    this.#running = built;
  }

  async #takeOver(server: Server, built: DevBuilt): Promise<void> {
    try {
      await server.reload(built, built.options);
    } catch (thrown) {
      if (this.#running) await server.reload(this.#running, this.#running.options);
      throw thrown;
    }
  }

  #refuse(thrown: unknown): void {
    this.#isRefused = true;
    const isExpected =
      thrown instanceof Error && ["UsageError", "GenerateError", "ServeError"].includes(thrown.name);
    const message = isExpected ? thrown.message : thrown instanceof Error ? thrown.stack : String(thrown);
    this.#options.print(`${message}\n${this.#server ? "What ran before goes on." : "Waiting for a change."}`);
    this.#live.fail(message ?? null);
  }
}

function isSame(one: DevBuilt, other: DevBuilt | null): boolean {
  return one.source === other?.source && JSON.stringify(one.options) === JSON.stringify(other.options);
}
