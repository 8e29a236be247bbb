import { join } from "node:path";
import { buildPackages, buildPage } from "../lib/build.ts";
import { root } from "../lib/run.ts";
import { copyForServing } from "../lib/served-page.ts";

// `npm run start -w apps/tutor -- --port N --dir PATH`: the tutor on the embedded server, data in `.sessile-tutor/`.
await Promise.all([buildPackages(), buildPage("tutor")]);
process.argv = [
  process.argv[0] ?? "node",
  "sessile",
  "serve",
  "--config",
  "apps/tutor/wrangler.jsonc",
  "--assets",
  copyForServing(join(root, "apps/tutor/dist/ui"), join(root, "apps/tutor/dist")),
  "--dir",
  ".sessile-tutor",
  ...process.argv.slice(2),
];
process.chdir(root);
await import("../../packages/cli/src/main.ts");
