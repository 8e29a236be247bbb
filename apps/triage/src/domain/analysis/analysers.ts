import { activityAnalyser } from "./activity-analyser.ts";
import type { Analyser } from "./analyser.ts";
import { commandLineAnalyser } from "./command-line-analyser.ts";
import { identityAnalyser } from "./identity-analyser.ts";
import { networkAnalyser } from "./network-analyser.ts";

/** The four that every investigation runs, each on its own and in any order. */
export const analysers: readonly Analyser[] = [
  commandLineAnalyser,
  identityAnalyser,
  networkAnalyser,
  activityAnalyser,
];
