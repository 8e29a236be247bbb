import { join } from "node:path";
import { buildPackages, buildPage } from "../lib/build.ts";
import { root } from "../lib/run.ts";
import { copyForServing } from "../lib/served-page.ts";

// `npm start -- --port N --dir PATH`: the triage app on the embedded server, data in `.sessile/`.
await Promise.all([buildPackages(), buildPage()]);
const args = process.argv.slice(2);
process.argv = [
  process.argv[0] ?? "node",
  "sessile",
  "serve",
  "--config",
  "apps/triage/wrangler.jsonc",
  "--assets",
  copyForServing(join(root, "apps/triage/dist/ui"), join(root, "apps/triage/dist")),
  ...args,
];
process.chdir(root);
await import("../../packages/cli/src/main.ts");
