import { type RunOutcome, type RunResult, SessileError, type SuspendedRun } from "../../protocol/index.ts";
import { answersOf, type Said, textOf, usedBy } from "./transcript.ts";

/** How a run ended, and of a failed one why. */
export interface RunEnd {
  readonly result: RunResult;
  readonly error: SessileError | null;
}

/** A run and what was said in its session. */
export interface SaidRun {
  readonly runId: string;
  readonly agent: string;
  readonly said: readonly Said[];
}

/** What there is of a run that has come to its end. */
export function endOf(run: SaidRun, outcome: RunOutcome, why: string | SessileError | null): RunEnd {
  const result = resultOf(run, outcome, why instanceof SessileError ? why.message : why);
  if (outcome !== "failed") return { result, error: null };
  return {
    result,
    error: why instanceof SessileError ? why : new SessileError("rejected", why ?? "The run failed."),
  };
}

/** What there is of a run that waits. */
export function suspendedResult(run: SaidRun, { outcome, calls, children }: SuspendedRun): RunResult {
  return { ...resultOf(run, outcome, null), pending: calls, children };
}

function resultOf(
  { runId, agent, said }: SaidRun,
  outcome: RunResult["outcome"],
  reason: string | null,
): RunResult {
  const answers = answersOf(said, runId);
  const last = answers.at(-1);
  return {
    runId,
    agent,
    outcome,
    text: last ? textOf(last) : "",
    steps: last?.step ?? 0,
    finishReason: last?.finishReason ?? null,
    reason,
    usage: usedBy(answers),
  };
}
