import type { Analyser, Evidence } from "./analyser.ts";
import { analysers as all } from "./analysers.ts";
import { type AnalyserOutcome, type TriageCard, triageCard } from "./card.ts";

/** Runs analysers side by side. One that throws is an outcome among others; `onOutcome` is told of each as it ends. */
export async function runAnalysers(
  evidence: Evidence,
  options: {
    readonly analysers?: readonly Analyser[];
    readonly signal?: AbortSignal;
    readonly onOutcome?: (outcome: AnalyserOutcome) => void;
  } = {},
): Promise<readonly AnalyserOutcome[]> {
  const run = async (analyser: Analyser): Promise<AnalyserOutcome> => {
    const outcome = await outcomeOf(analyser, evidence, options.signal);
    options.onOutcome?.(outcome);
    return outcome;
  };
  return Promise.all((options.analysers ?? all).map(run));
}

async function outcomeOf(
  analyser: Analyser,
  evidence: Evidence,
  signal?: AbortSignal,
): Promise<AnalyserOutcome> {
  try {
    return { analyser: analyser.name, result: await analyser.analyse(evidence, signal) };
  } catch (error) {
    return { analyser: analyser.name, failed: error instanceof Error ? error.message : "failed" };
  }
}

/** Analysis and verdict in one step, for callers that store nothing in between. */
export async function investigate(
  evidence: Evidence,
): Promise<{ outcomes: readonly AnalyserOutcome[]; card: TriageCard }> {
  const outcomes = await runAnalysers(evidence);
  return { outcomes, card: triageCard(evidence.incident, outcomes) };
}
