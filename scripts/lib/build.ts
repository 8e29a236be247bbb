import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { generate } from "sessile/routes";
import { buildInspector } from "./inspector-page.ts";
import { bin, root, run } from "./run.ts";

export const apps = ["minimal", "triage", "tutor", "chat"] as const;

/** Writes each app's Worker, types and hooks: they follow from `sessions/` and are not committed. */
export async function generateApps(): Promise<void> {
  for (const app of apps) generate({ root: join(root, "apps", app) });
}

/** Compiles the library and the executables to `dist/`, and the page that comes with them. */
export async function buildPackages(): Promise<void> {
  await Promise.all([run(bin("tsc"), ["-b", "tsconfig.json"]), buildInspector()]);
}

/** Builds an app's page, with the packages straight from their sources, unless what is built is newer than everything it is made of. */
export async function buildPage(name: Exclude<(typeof apps)[number], "minimal"> = "triage"): Promise<void> {
  const app = join(root, "apps", name);
  generate({ root: app });
  const built = newest([join(app, "dist/ui/index.html")]);
  const sources = globSync(
    [
      `apps/${name}/{src,sessions,public}/**/*`,
      `apps/${name}/{index.html,vite.config.ts,package.json}`,
      "packages/sessile/src/{client,react,protocol}/**/*",
    ],
    { cwd: root },
  );
  if (built > newest(sources.map((file) => join(root, file)))) return;
  const env = { NODE_OPTIONS: "--conditions=sessile-source" };
  // Read by Node itself, the configuration finds `sessile/vite` in the sources: in a fresh clone nothing else is there yet.
  await run(bin("vite"), ["build", "--configLoader", "native", "--logLevel", "warn"], { cwd: app, env });
}

/** What the browser tests open. */
export async function buildPages(): Promise<void> {
  await Promise.all([buildPage("triage"), buildPage("tutor"), buildPage("chat")]);
}

function newest(files: readonly string[]): number {
  return Math.max(0, ...files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0));
}
