import { buildPackages, buildPages } from "../lib/build.ts";
import { steps } from "../lib/run.ts";

await steps([
  ["Compile the packages", buildPackages],
  ["Build the pages", buildPages],
]);
