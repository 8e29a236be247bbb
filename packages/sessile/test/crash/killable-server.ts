import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ServingProcess, serveElsewhere, until } from "../../src/node/server/fixtures/processes.ts";
import type { ServeOptions } from "../../src/node/server/options.ts";
import { isRunning } from "../../src/node/server/process-state.ts";
import { bundle } from "../bundle.ts";

export type Kill = "group" | "alone";

/** How long a runtime may outlive its killed parent. */
const orphanTimeoutMs = 5000;

/** What is served: a Worker beside this file, and its bindings. */
export type KillableWorker = Pick<ServeOptions, "durableObjects" | "d1" | "workflows" | "vars"> & {
  readonly main: string;
};

const crashWorker: KillableWorker = {
  main: fileURLToPath(new URL("crash-worker.ts", import.meta.url)),
  durableObjects: { LEDGER: { className: "Ledger" } },
  d1: ["SESSILE_RECORD"],
};

/** A server in a process group of its own, on one folder and one port, that can be killed and started again. */
export class KillableServer {
  readonly folder: string;
  readonly #bindings: Omit<KillableWorker, "main">;
  #process: ServingProcess | null = null;
  #port = 0;

  private constructor(folder: string, bindings: Omit<KillableWorker, "main">) {
    this.folder = folder;
    this.#bindings = bindings;
  }

  static async start({ main, ...bindings } = crashWorker): Promise<KillableServer> {
    const server = new KillableServer(mkdtempSync(join(tmpdir(), "sessile-crash-")), bindings);
    const source = await bundle(main);
    writeFileSync(join(server.folder, "worker.js"), source);
    await server.restart();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get runtimePid(): number {
    return this.#running.said.runtimePid;
  }

  /** Kills only what `start` or `restart` began: the whole process group, or its leader, whose runtime must follow by itself. */
  kill(what: Kill): Promise<void> {
    return this.#running.kill(what);
  }

  /** After a kill: whether the runtime is gone and nobody answers, without anybody's help. */
  async isGone(): Promise<boolean> {
    const { runtimePid } = this;
    await until(() => !isRunning(runtimePid), orphanTimeoutMs).catch(() => undefined);
    const answered = await fetch(this.url).then(
      () => true,
      () => false,
    );
    return !isRunning(runtimePid) && !answered;
  }

  /** Serves the same folder on the same port, at the first try. */
  async restart(): Promise<void> {
    this.#process = await serveElsewhere({
      worker: { file: join(this.folder, "worker.js") },
      dir: join(this.folder, "data"),
      port: this.#port,
      ...this.#bindings,
    });
    const { url, message } = this.#process.said;
    if (message !== undefined) throw new Error(`The server did not start: ${message}`);
    this.#port = Number(new URL(url).port);
  }

  async stop(): Promise<void> {
    await this.#process?.kill("group");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  get #running(): ServingProcess {
    if (!this.#process) throw new Error("not started");
    return this.#process;
  }
}
