import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { AssetOptions, ServeOptions, Server } from "sessile/node";
import { serve } from "sessile/node";
import { generate } from "sessile/routes";
import { bundlePages } from "./bundle-pages.ts";
import { bundleWorker } from "./bundle-worker.ts";
import type { ServeFlags } from "./command-line.ts";
import { UsageError } from "./usage-error.ts";
import type { WorkerConfig } from "./worker-config.ts";
import { findConfig, readConfig } from "./worker-config.ts";

/** Serves until the process is told to stop. */
export async function runServe(flags: ServeFlags): Promise<void> {
  const file = findConfig(flags.config, process.cwd());
  if (flags.worker === undefined) await generateFirst(dirname(file));
  const config = readConfig(file);
  const server = await serve(await toServeOptions(flags, config));
  stopOnSignal(server);
  const seconds = (server.startupMs / 1000).toFixed(2);
  const folder = relative(process.cwd(), server.dir);
  process.stdout.write(
    `Sessile serves ${server.url} (started in ${seconds} s)\n` +
      `The data lies in ${folder.startsWith("..") ? server.dir : folder}. Stop with Ctrl-C.\n`,
  );
}

/** What follows from `sessions/` is up to date before it is served; a lockfile says that there is such a folder. */
async function generateFirst(root: string): Promise<void> {
  if (!existsSync(join(root, "sessions.lock.json"))) return;
  const { manifest } = generate({ root });
  await bundlePages(root, manifest);
}

async function toServeOptions(flags: ServeFlags, config: WorkerConfig): Promise<ServeOptions> {
  const assets = chooseAssets(flags, config);
  return {
    worker: await chooseWorker(flags, config),
    ...(flags.port === undefined ? {} : { port: flags.port }),
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.dir === undefined ? {} : { dir: flags.dir }),
    ...(assets === undefined ? {} : { assets }),
    authorizer: flags.authorizer,
    allowedHosts: flags.allowedHosts,
    compatibilityDate: config.compatibilityDate,
    compatibilityFlags: config.compatibilityFlags,
    durableObjects: config.durableObjects,
    renamedClasses: config.renamedClasses,
    d1: config.d1,
    r2: config.r2,
    vars: { ...config.vars, ...flags.vars },
  };
}

async function chooseWorker(flags: ServeFlags, config: WorkerConfig): Promise<ServeOptions["worker"]> {
  if (flags.worker !== undefined) return { file: resolve(flags.worker) };
  if (config.main !== undefined) return { source: await bundleWorker(config.main, config.define) };
  throw new UsageError(`The configuration has no "main". Add it, or give a bundled Worker with --worker.`);
}

function chooseAssets(flags: ServeFlags, config: WorkerConfig): AssetOptions | undefined {
  if (flags.assets === undefined) return config.assets;
  return { spa: true, ...config.assets, directory: resolve(flags.assets) };
}

/** The first signal stops in order, a second one at once. */
function stopOnSignal(server: Server): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      process.stdout.write("Stopping.\n");
      server.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}
