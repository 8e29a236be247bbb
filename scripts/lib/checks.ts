import { globSync } from "node:fs";
import { generateApps } from "./build.ts";
import { checkDependencies } from "./dependencies.ts";
import { checkDocs } from "./docs.ts";
import { checkRules } from "./rules.ts";
import { bin, root, run } from "./run.ts";

/** What is cheap to know before any test runs. */
export const checkSteps = [
  ["Format and lint", () => run(bin("biome"), ["check", "--error-on-warnings"])],
  ["Types and layers", () => run(bin("tsc"), ["-b", "tsconfig.json"])],
  ["Kinds of the apps", generateApps],
  ["Types of tests, apps and scripts", checkLooseProjects],
  ["Dependencies", async () => checkDependencies()],
  ["Documentation", checkDocs],
  ["Every rule of PROTOCOL.md has a test", () => checkRules()],
] as const;

/** Projects that emit nothing and that nothing is built from: they are not part of the layers. */
async function checkLooseProjects(): Promise<void> {
  const projects = globSync(
    [
      "scripts/tsconfig.json",
      "bench/tsconfig*.json",
      "apps/*/tsconfig*.json",
      "packages/**/tsconfig.test.json",
    ],
    {
      cwd: root,
      exclude: (path) => path.includes("node_modules") || path.includes("dist"),
    },
  );
  for (const project of projects.sort()) await run(bin("tsc"), ["-p", project, "--noEmit"]);
  console.log(`${projects.length} projects`);
}
