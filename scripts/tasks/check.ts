import { checkSteps } from "../lib/checks.ts";
import { steps } from "../lib/run.ts";

await steps(checkSteps);
