import { join, resolve } from "node:path";
import { build } from "esbuild";
import { bundledPagePath, type Manifest, pageEntryPath } from "sessile/routes";
import { describeFailure, ownConditions } from "./bundle-worker.ts";
import { UsageError } from "./usage-error.ts";
import { findConfig, readConfig } from "./worker-config.ts";

/** Bundles each kind's page.tsx into the folder of static files. @throws UsageError with the compiler's messages */
export async function bundlePages(root: string, { kinds }: Manifest): Promise<void> {
  const shown = kinds.filter(({ page }) => page !== null);
  if (shown.length === 0) return;
  const { assets } = readConfig(findConfig(undefined, root));
  if (!assets) throw new UsageError("Pages need the configuration's assets.directory.");
  await build({
    entryPoints: shown.map((kind) => ({
      in: resolve(root, pageEntryPath(kind)),
      out: bundledPagePath(kind).replace(/\.js$/, ""),
    })),
    outdir: assets.directory,
    absWorkingDir: root,
    alias: { "@sessions": join(root, ".sessions") },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    conditions: ownConditions,
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
  }).catch(async (failure: unknown) => {
    const pages = shown.map(({ page }) => page).join(", ");
    throw new UsageError(`${pages} cannot be bundled:\n${await describeFailure(failure)}`);
  });
}
