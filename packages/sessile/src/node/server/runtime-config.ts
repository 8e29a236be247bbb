import { resolve } from "node:path";
import type { MiniflareOptions } from "miniflare";
import { Log, LogLevel } from "miniflare";
import type { SandboxAddress } from "../../protocol/sandbox.ts";
import { diskBinding, entrySource, filesEntrypoint, userModule } from "./entry/entry-source.ts";
import { inspectorBinding, isPrivate, readInspectorPage, wantsInspector } from "./inspector-page.ts";
import type { HeldLog } from "./log.ts";
import { toLogLevel } from "./log.ts";
import type { AssetOptions, ServeOptions } from "./options.ts";
import { readRuntimeMessage } from "./runtime-message.ts";
import { ServeError } from "./serve-error.ts";
import { noSite, readSite } from "./static-site.ts";
import type { StorageKeys } from "./storage-keys.ts";

/** Fixed: D1 and other storage is found by it, so the name in a user's configuration must not matter. */
export const workerName = "sessile";
/** Binding with the folder's secret. */
const secretBinding = "SESSILE_SECRET";
/** Binding with the token of the folder's operator. */
const operatorBinding = "SESSILE_OPERATOR";
/** Binding that has sessions show warnings and errors of their operator logs here too. */
const consoleBinding = "SESSILE_CONSOLE_LEVEL";
/** Binding that tells whether only this machine reaches the server. */
const localBinding = "SESSILE_LOCAL";

export interface RuntimeInputs {
  readonly options: ServeOptions;
  readonly workerSource: string;
  readonly host: string;
  readonly port: number;
  readonly allowed: readonly string[];
  readonly dataDir: string;
  readonly secret: string;
  /** Null where others reach the server. */
  readonly operatorToken: string | null;
  /** Null where the Worker has no worker loader. */
  readonly sandbox: SandboxAddress | null;
  readonly storageKeys: StorageKeys;
  readonly env: Readonly<Record<string, string>>;
  readonly log: HeldLog;
}

type WorkerOptions = MiniflareOptions["workers"][number];
type Environment = NonNullable<WorkerOptions["config"]["env"]>;
type Exports = NonNullable<WorkerOptions["config"]["exports"]>;

/** Everything Miniflare is told. Facts are of 5.20261117.0-beta. */
export function runtimeConfig(inputs: RuntimeInputs): MiniflareOptions {
  const { options, log } = inputs;
  return {
    // Miniflare's own front cannot be turned off. It is slow, and lets a client choose the Worker and the URL: it gets
    // a free port that nobody is told, a Worker that refuses, and the entry refuses its Host as well.
    host: "127.0.0.1",
    port: 0,
    cf: false,
    enableDevRegistry: false,
    logRequests: false,
    // The one option for storage that works: `durableObjectsPersist` and `d1Persist` are accepted and ignored.
    resourcePersistencePath: inputs.dataDir,
    unsafeRuntimeEnv: { ...inputs.env },
    log: new ForwardedLog(log),
    handleStructuredLogs: ({ level, message }) => {
      const said = readRuntimeMessage(message);
      if (said) log.write(said.from, toLogLevel(level), said.message);
    },
    unsafeHandleRuntimeRestart: () => log.write("server", "warn", "The runtime had crashed and runs again."),
    workers: [refusingFront(options.compatibilityDate), productWorker(inputs)],
  };
}

function refusingFront(compatibilityDate: string): WorkerOptions {
  const contents = `export default { fetch: () => new Response("Not here.\\n", { status: 404 }) };`;
  return {
    config: {
      name: "front",
      compatibilityDate,
      manifest: {
        mainModule: "front.js",
        modulesRoot: "/",
        modules: { "front.js": { type: "esm", contents } },
      },
    },
  };
}

function productWorker(inputs: RuntimeInputs): WorkerOptions {
  const { options, host, port } = inputs;
  const assets = readAssets(options.assets);
  const { durableObjects = {}, workflows = {} } = options;
  const classNames = [...Object.values(durableObjects), ...Object.values(workflows)].map(
    ({ className }) => className,
  );
  const entry = entrySource(inputs.allowed, assets ? readSite(assets) : noSite, classNames);
  return {
    config: {
      name: workerName,
      compatibilityDate: options.compatibilityDate,
      compatibilityFlags: [...(options.compatibilityFlags ?? [])],
      manifest: {
        mainModule: "entry.js",
        modulesRoot: "/",
        modules: {
          "entry.js": { type: "esm", contents: entry },
          [userModule]: { type: "esm", contents: inputs.workerSource },
        },
      },
      env: environment(inputs, assets),
      exports: classExports(inputs),
    },
    dev: { unsafeDirectSockets: [{ host, port }] },
  };
}

function readAssets(assets: ServeOptions["assets"]): AssetOptions | undefined {
  return typeof assets === "string" ? { directory: assets } : assets;
}

function environment(
  { options, secret, operatorToken, host, sandbox }: RuntimeInputs,
  assets: AssetOptions | undefined,
): Environment {
  const env: Environment = {};
  const add = (name: string, binding: Environment[string]) => {
    if (Object.hasOwn(env, name)) {
      throw new ServeError("bad_option", `Two bindings are called ${name}. Rename one of them.`);
    }
    env[name] = binding;
  };
  add(secretBinding, { type: "text", value: secret });
  if (operatorToken !== null) add(operatorBinding, { type: "text", value: operatorToken });
  for (const [name, { className }] of Object.entries(options.durableObjects ?? {})) {
    add(name, { type: "durable-object", worker: workerName, exportName: className });
  }
  for (const name of options.d1 ?? []) add(name, { type: "d1", id: name });
  for (const name of options.r2 ?? []) add(name, { type: "r2", name });
  for (const [binding, { name, className }] of Object.entries(options.workflows ?? {})) {
    add(binding, { type: "workflow", name, worker: workerName, exportName: className });
  }
  for (const name of options.workerLoaders ?? []) add(name, { type: "json", value: sandbox });
  const defaults = { [consoleBinding]: "warn", [localBinding]: isPrivate(options, host) };
  for (const [name, value] of Object.entries({ ...defaults, ...options.vars })) {
    add(name, typeof value === "string" ? { type: "text", value } : { type: "json", value: value as never });
  }
  const page = wantsInspector(options, host) ? readInspectorPage() : null;
  if (page !== null) add(inspectorBinding, { type: "text", value: page });
  if (assets) {
    add(diskBinding, { type: "disk", path: resolve(assets.directory) });
    if (assets.binding)
      add(assets.binding, { type: "worker", worker: workerName, exportName: filesEntrypoint });
  }
  return env;
}

function classExports({ options, storageKeys }: RuntimeInputs): Exports {
  const exports: Exports = {};
  for (const { className, useSQLite } of Object.values(options.durableObjects ?? {})) {
    const key = storageKeys.get(className)?.key;
    if (key === undefined) throw new ServeError("bad_option", `The class ${className} has no storage.`);
    exports[className] = {
      type: "durable-object",
      storage: useSQLite === false ? "legacy-kv" : "sqlite",
      unsafeUniqueKey: key,
    };
  }
  return exports;
}

/** Miniflare's own warnings and errors, such as a runtime that does not come back after a crash. */
class ForwardedLog extends Log {
  readonly #log: HeldLog;

  constructor(log: HeldLog) {
    super(LogLevel.WARN);
    this.#log = log;
  }

  override logWithLevel(level: LogLevel, message: string): void {
    if (level > LogLevel.WARN) return;
    this.#log.write("server", level === LogLevel.ERROR ? "error" : "warn", message);
  }

  override error(error: Error): void {
    this.#log.write("server", "error", error.message);
  }
}
