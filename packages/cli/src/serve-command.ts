import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { serve, type WorkerModule } from "sessile/node";
import { generate, lockPath, type Manifest } from "sessile/routes";
import { bundlePages } from "./bundle-pages.ts";
import { bundleWorker } from "./bundle-worker.ts";
import { describeServer } from "./describe-server.ts";
import type { ServeFlags } from "./serve-flags.ts";
import { toServeOptions } from "./serve-options.ts";
import { findConfig, mainOf, readConfig, type WorkerConfig } from "./worker-config.ts";

/** Serves until the process is told to stop. */
export async function runServe(flags: ServeFlags): Promise<void> {
  const file = findConfig(flags.config, process.cwd());
  const manifest = flags.worker === undefined ? await generateFirst(dirname(file)) : null;
  const config = readConfig(file);
  const server = await serve({
    worker: await chooseWorker(flags, config),
    ...toServeOptions(flags, config),
  });
  stopOnSignal(() => server.close());
  process.stdout.write(await describeServer(server, manifest));
}

async function chooseWorker(flags: ServeFlags, config: WorkerConfig): Promise<WorkerModule> {
  if (flags.worker !== undefined) return { file: resolve(flags.worker) };
  return { source: await bundleWorker(mainOf(config), config.define) };
}

/** What follows from `sessions/` is up to date before it is served; a lockfile says that there is such a folder. */
async function generateFirst(root: string): Promise<Manifest | null> {
  if (!existsSync(join(root, lockPath))) return null;
  const { manifest } = generate({ root });
  await bundlePages(root, manifest);
  return manifest;
}

/** The first signal stops in order, a second one at once. */
export function stopOnSignal(close: () => Promise<void>): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      process.stdout.write("Stopping.\n");
      close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}
