import { buildPackages } from "../lib/build.ts";
import { buildNextRoute } from "../lib/next-build.ts";
import { steps } from "../lib/run.ts";

await steps([
  ["Build", buildPackages],
  ["A route of Next.js on sessile/d1", buildNextRoute],
]);
