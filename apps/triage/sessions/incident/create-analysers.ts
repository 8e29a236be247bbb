import { type Analyser, analysers } from "../../src/domain/index.ts";
import type { Env } from "../../src/worker/env.ts";

/** The analysers of a deployment. A later one that asks a model is made here, from its bindings. */
export function createAnalysers(_env: Env): readonly Analyser[] {
  return analysers;
}
