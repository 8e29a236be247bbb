import { checkRules } from "./rules.ts";
import { bin, run } from "./run.ts";

/** What is cheap to know before any test runs. */
export const checkSteps = [
  ["Format and lint", () => run(bin("biome"), ["check", "--error-on-warnings"])],
  ["Types and layers", () => run(bin("tsc"), ["-b", "tsconfig.json"])],
  ["Every rule of PROTOCOL.md has a test", () => checkRules()],
] as const;
