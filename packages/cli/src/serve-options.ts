import { resolve } from "node:path";
import type { AssetOptions, ServeOptions } from "sessile/node";
import type { ServeFlags } from "./serve-flags.ts";
import type { WorkerConfig } from "./worker-config.ts";

/** What the embedded server is told beside the Worker: the configuration, and the command line over it. */
export function toServeOptions(flags: ServeFlags, config: WorkerConfig): Omit<ServeOptions, "worker"> {
  const assets = chooseAssets(flags, config);
  return {
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
    workflows: config.workflows,
    workerLoaders: config.workerLoaders,
    vars: { ...config.vars, ...flags.vars },
  };
}

function chooseAssets(flags: ServeFlags, config: WorkerConfig): AssetOptions | undefined {
  if (flags.assets === undefined) return config.assets;
  return { spa: true, ...config.assets, directory: resolve(flags.assets) };
}
