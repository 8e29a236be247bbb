import { buildPackages, buildPage } from "../lib/build.ts";
import { steps } from "../lib/run.ts";

await steps([
  ["Compile the packages", buildPackages],
  ["Build the triage page", () => buildPage()],
  ["Build the tutor page", () => buildPage("tutor")],
]);
