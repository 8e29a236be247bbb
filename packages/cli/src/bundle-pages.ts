import { join, resolve } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { bundledPagePath, type Manifest, outputFolder, pageEntryPath } from "sessile/routes";
import { describeFailure, ownConditions } from "./bundle-worker.ts";
import { UsageError } from "./usage-error.ts";
import { findConfig, readConfig } from "./worker-config.ts";

/** Bundles each kind's page.tsx into the folder of static files. @throws UsageError with the compiler's messages */
export async function bundlePages(root: string, manifest: Manifest): Promise<void> {
  if (!hasPages(manifest)) return;
  const { assets } = readConfig(findConfig(undefined, root));
  await build(pageBundleOptions(root, manifest, assets?.directory)).catch((failure: unknown) =>
    refusePages(manifest, failure),
  );
}

export function hasPages({ kinds }: Manifest): boolean {
  return kinds.some(({ page }) => page !== null);
}

/** @throws UsageError without a folder of static files to write them to */
export function pageBundleOptions(root: string, { kinds }: Manifest, directory: string | undefined) {
  if (directory === undefined) throw new UsageError("Pages need the configuration's assets.directory.");
  return {
    entryPoints: kinds
      .filter(({ page }) => page !== null)
      .map((kind) => ({
        in: resolve(root, pageEntryPath(kind)),
        out: bundledPagePath(kind).replace(/\.js$/, ""),
      })),
    outdir: directory,
    absWorkingDir: root,
    alias: { "@sessions": join(root, outputFolder) },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    conditions: ownConditions,
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
  } satisfies BuildOptions;
}

/** @throws UsageError with the compiler's messages */
export async function refusePages({ kinds }: Manifest, failure: unknown): Promise<never> {
  const said = await describeFailure(failure);
  // After a folder has moved, and then the bundler's words are about an alias.
  const modules = kinds.map(({ route }) => `@sessions/${route}`).join(", ");
  const hint = said.includes('"@sessions/') ? `\nThe folders of sessions/ make these: ${modules}.` : "";
  throw new UsageError(`The pages cannot be bundled:\n${said}${hint}`);
}
