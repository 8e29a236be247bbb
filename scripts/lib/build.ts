import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { bin, root, run } from "./run.ts";

/** Compiles the library and the executables to `dist/`. */
export async function buildPackages(): Promise<void> {
  await run(bin("tsc"), ["-b", "tsconfig.json"]);
}

/** Builds an app's page unless what is built is newer than everything it is made of. */
export async function buildPage(name: "triage" | "tutor" | "chat" = "triage"): Promise<void> {
  const app = join(root, "apps", name);
  const built = newest([join(app, "dist/ui/index.html")]);
  const sources = globSync(
    [
      `apps/${name}/{src,public}/**/*`,
      `apps/${name}/{index.html,vite.config.ts,package.json}`,
      "packages/sessile/src/{client,react,protocol}/**/*",
    ],
    { cwd: root },
  );
  if (built > newest(sources.map((file) => join(root, file)))) return;
  await run(bin("vite"), ["build", "--logLevel", "warn"], { cwd: app });
}

/** What the browser tests open. */
export async function buildPages(): Promise<void> {
  await Promise.all([buildPage("triage"), buildPage("tutor"), buildPage("chat")]);
}

function newest(files: readonly string[]): number {
  return Math.max(0, ...files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0));
}
