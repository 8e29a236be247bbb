import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { bin, root, run } from "./run.ts";

/** Compiles the library and the executables to `dist/`. */
export async function buildPackages(): Promise<void> {
  await run(bin("tsc"), ["-b", "tsconfig.json"]);
}

/** Builds the triage page unless what is built is newer than everything it is made of. */
export async function buildPage(): Promise<void> {
  const app = join(root, "apps/triage");
  const built = newest([join(app, "dist/ui/index.html")]);
  const sources = globSync(
    [
      "apps/triage/{src,public}/**/*",
      "apps/triage/{index.html,vite.config.ts,package.json}",
      "packages/sessile/src/{client,react,protocol}/**/*",
    ],
    { cwd: root },
  );
  if (built > newest(sources.map((file) => join(root, file)))) return;
  await run(bin("vite"), ["build", "--logLevel", "warn"], { cwd: app });
}

function newest(files: readonly string[]): number {
  return Math.max(0, ...files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0));
}
