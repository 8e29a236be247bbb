import { readFileSync } from "node:fs";
import type { Miniflare } from "miniflare";
import { allowedAuthorities, authority, choosePort, normalizeHost, requireAuthorizer } from "./address.ts";
import type { DataFolder } from "./data-folder.ts";
import { emptyRunFolder, folderFailure, keepSecret, openDataFolder } from "./data-folder.ts";
import { createMiniflare, disposeMiniflare } from "./embedded-miniflare.ts";
import { lockFolder } from "./folder-lock.ts";
import { isPrivate } from "./inspector-page.ts";
import { endLeftoverRuntime } from "./leftover-runtime.ts";
import { consoleLog, HeldLog } from "./log.ts";
import type { ReloadOptions, ServeOptions, WorkerModule } from "./options.ts";
import type { RuntimeInputs } from "./runtime-config.ts";
import { runtimeConfig, workerName } from "./runtime-config.ts";
import type { RuntimeGuard } from "./runtime-guard.ts";
import { guardRuntime } from "./runtime-guard.ts";
import { SandboxService } from "./sandbox/sandbox-service.ts";
import { ServeError, systemCode } from "./serve-error.ts";
import { startupFailure } from "./startup-failure.ts";
import { findStorageKeys, keepStorageKeys } from "./storage-keys.ts";

export type D1Handle = Awaited<ReturnType<Miniflare["getD1Database"]>>;

export interface Server {
  /** Without a trailing slash: `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Absolute path of the data folder. */
  readonly dir: string;
  /** In the header `sessile-operator` it gives every right. Null where others than this machine reach the server. */
  readonly operatorToken: string | null;
  /** From the call of `serve` until the first request could be answered. */
  readonly startupMs: number;
  /** Process id of workerd; another after a crash. */
  readonly runtimePid: number | undefined;
  /**
   * Throws an object out of memory, as the platform does whenever it likes. Its sockets hibernate, or close on request.
   * The object is named by its class and the name it was addressed by.
   */
  evict(
    className: string,
    name: string,
    options?: { readonly webSockets?: "hibernate" | "close" },
  ): Promise<void>;
  /**
   * Runs another build of the Worker, with other bindings if it has them, and reads the static files again, on the same port and
   * data. Sockets drop. After a build that does not start nothing runs, and the next one can still be tried.
   *
   * @throws ServeError `worker_failed`
   */
  reload(worker: WorkerModule, options?: ReloadOptions): Promise<void>;
  /** A D1 database from Node, for tests and tools. */
  d1(binding: string): Promise<D1Handle>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Serves a Worker from one folder of data, on open-source workerd.
 *
 * @throws ServeError when it cannot; see `ServeErrorCode`
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const startedAt = performance.now();
  const host = normalizeHost(options.host ?? "127.0.0.1");
  requireAuthorizer(host, options.authorizer ?? false);
  const workerSource = readWorker(options.worker);
  const folder = openDataFolder(options.dir ?? ".sessile");
  const lock = lockFolder(folder.path);
  try {
    await endLeftoverRuntime(folder.run);
    emptyRunFolder(folder);
    const log = new HeldLog(options.log ?? consoleLog);
    const running = await startOnPort({ options, folder, host, workerSource, log });
    log.open();
    // Exiting without close() leaves nothing behind but the files.
    process.once("exit", lock.release);
    return runningServer(running, {
      host,
      dir: folder.path,
      startupMs: performance.now() - startedAt,
      release() {
        process.off("exit", lock.release);
        lock.release();
      },
    });
  } catch (error) {
    lock.release();
    throw systemCode(error) === undefined || error instanceof ServeError
      ? error
      : folderFailure(folder.path, error);
  }
}

interface StartInputs {
  readonly options: ServeOptions;
  readonly folder: DataFolder;
  readonly host: string;
  readonly workerSource: string;
  readonly log: HeldLog;
}

interface Running {
  readonly miniflare: Miniflare;
  readonly guard: RuntimeGuard;
  readonly sandboxes: SandboxService;
  readonly inputs: RuntimeInputs;
}

const freePortAttempts = 5;

/** With port 0 somebody else may take the free port before workerd does; then another is as good. */
async function startOnPort(inputs: StartInputs): Promise<Running> {
  const wanted = inputs.options.port ?? 8787;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(inputs, await choosePort(inputs.host, wanted));
    } catch (error) {
      const taken = error instanceof ServeError && error.code === "port_in_use";
      if (wanted !== 0 || !taken || attempt === freePortAttempts) throw error;
    }
  }
}

async function start(
  { options, folder, host, workerSource, log }: StartInputs,
  port: number,
): Promise<Running> {
  const declared = options.durableObjects ?? {};
  const storageKeys = findStorageKeys(folder.path, declared, options.renamedClasses ?? [], log);
  keepStorageKeys(folder.path, storageKeys);
  const secret = keepSecret(folder, "secret");
  const operatorToken = isPrivate(options, host) ? keepSecret(folder, "operator") : null;
  const allowed = allowedAuthorities(host, port, options.allowedHosts ?? []);
  const guard = guardRuntime(folder.run, options.guard);
  try {
    const { env } = guard;
    const dataDir = folder.data;
    const runtime = { program: guard.program, env, folder: folder.run };
    const sandboxes = new SandboxService(runtime, (message) => log.write("server", "error", message));
    const sandbox = await sandboxes.addressFor(options);
    const facts = {
      options,
      workerSource,
      host,
      port,
      allowed,
      dataDir,
      secret,
      operatorToken,
      storageKeys,
      env,
      log,
    };
    const inputs = { ...facts, sandbox };
    const miniflare = createMiniflare(runtimeConfig(inputs), folder.run);
    await whenReady(miniflare, port);
    return { miniflare, guard, sandboxes, inputs };
  } catch (error) {
    guard.release();
    throw error;
  }
}

async function whenReady(miniflare: Miniflare, port: number): Promise<void> {
  try {
    await miniflare.ready;
  } catch (error) {
    await disposeMiniflare(miniflare);
    throw startupFailure(error, port, workerName);
  }
}

function readWorker(worker: WorkerModule): string {
  if ("source" in worker) return worker.source;
  try {
    return readFileSync(worker.file, "utf8");
  } catch (error) {
    throw new ServeError(
      "bad_option",
      `The Worker ${worker.file} cannot be read. Build it first.`,
      {},
      error,
    );
  }
}

interface ServerFacts {
  readonly host: string;
  readonly dir: string;
  readonly startupMs: number;
  release(): void;
}

function runningServer({ miniflare, guard, sandboxes, inputs }: Running, facts: ServerFacts): Server {
  const { port, operatorToken } = inputs;
  const { host, dir, startupMs } = facts;
  const shown = host === "0.0.0.0" || host === "::" || host === "*" ? "127.0.0.1" : host;
  let current = inputs;
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= Promise.all([sandboxes.close(), disposeMiniflare(miniflare)]).then(() => {
      guard.release();
      facts.release();
    });
    return closing;
  };
  return {
    url: `http://${authority(shown, port)}`,
    host,
    port,
    dir,
    operatorToken,
    startupMs,
    get runtimePid() {
      return guard.pid();
    },
    evict: (className, name, options = {}) =>
      miniflare.unsafeEvictDurableObject(workerName, className, { name, ...options }),
    async reload(worker, changes = {}) {
      const options = { ...current.options, ...changes };
      const { durableObjects = {}, renamedClasses = [] } = options;
      const storageKeys = findStorageKeys(dir, durableObjects, renamedClasses, inputs.log);
      const sandbox = await sandboxes.addressFor(options);
      const next = { ...current, options, sandbox, storageKeys, workerSource: readWorker(worker) };
      await miniflare.setOptions(runtimeConfig(next)).catch((error: unknown) => {
        throw startupFailure(error, port, workerName);
      });
      // Only now: the build before this one may have to be run again, with the classes that it has.
      keepStorageKeys(dir, storageKeys);
      current = next;
    },
    d1: (binding) => miniflare.getD1Database(binding, workerName),
    close,
    [Symbol.asyncDispose]: close,
  };
}
