import { buildPackages, buildPages } from "../lib/build.ts";
import { checkSteps } from "../lib/checks.ts";
import { ensureChromium } from "../lib/chromium.ts";
import { followGettingStarted } from "../lib/getting-started.ts";
import { boundConnectSize, deployDryRun, importEverywhere, printBundleSizes } from "../lib/packaging.ts";
import { root, run, steps } from "../lib/run.ts";

// `npm test`: everything. `npm test -- unit`, `server`, `conformance` or `browser`: that part alone.
const only = process.argv[2];
const vitest = (...projects: string[]) =>
  run(
    process.execPath,
    [
      "--conditions=sessile-source",
      "node_modules/vitest/vitest.mjs",
      "run",
      ...projects.flatMap((name) => ["--project", name]),
    ],
    { cwd: root },
  );

if (only) {
  if (only === "browser")
    await steps([
      ["Chromium", ensureChromium],
      ["Build the pages", buildPages],
    ]);
  await steps([[`Tests: ${only}`, () => vitest(only)]]);
} else {
  await steps([
    ...checkSteps,
    ["Build", async () => Promise.all([buildPackages(), buildPages()])],
    ["The packages load in plain Node", importEverywhere],
    ["Bundle sizes", printBundleSizes],
    ["The client stays small", boundConnectSize],
    ["Deploy, dry run", deployDryRun],
    ["Getting started, from the packed packages", followGettingStarted],
    ["Chromium", ensureChromium],
    ["Tests", () => vitest("unit", "server", "conformance", "browser")],
  ]);
}
