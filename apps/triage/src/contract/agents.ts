import type { Citation, Finding } from "../domain/analysis/analyser.ts";
import type { Severity } from "../domain/model/severity.ts";

/** In the order they are asked; the four in the middle side by side. */
export const agentNames = [
  "coordinator",
  "command-line",
  "identity",
  "network",
  "activity",
  "synthesiser",
  "planner",
] as const;
export type AgentName = (typeof agentNames)[number];

/** What an agent took. Money in millionths; null where nobody gave the model's prices. */
export interface AgentCost {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicros: number | null;
  readonly durationMs: number;
}

/** A call that was not carried out: of a tool that is not there, or with a claim that does not hold. */
export interface Refusal {
  readonly tool: string;
  readonly reason: string;
  /** As JSON, cut. */
  readonly arguments: string;
}

/** Generated code that ran in the sandbox, and what it gave. */
export interface CodeRun {
  readonly code: string;
  readonly outcome: "done" | "threw" | "overdue" | "crashed";
  readonly output: string;
  readonly durationMs: number;
}

/** What the coordinator wants an analyser to find out. */
export interface Assignment {
  readonly analyser: string;
  readonly question: string;
}

/** A step of the playbooks, proposed on what the evidence says. */
export interface Proposal {
  readonly action: string;
  readonly targets: readonly string[];
  readonly rationale: string;
  readonly citations: readonly Citation[];
}

/** How an agent sums up, in its own words. */
export interface Conclusion {
  readonly text: string;
  readonly citations: readonly Citation[];
  /** The synthesiser's rating. The verdict follows it upwards only. */
  readonly severity: Severity | null;
}

/** What came of asking an agent. Whatever it got right counts, also if it failed after that. */
export interface AgentReport {
  readonly model: string;
  /** Null: it gave none. `error` says why. */
  readonly conclusion: Conclusion | null;
  readonly error: string | null;
  readonly findings: readonly Finding[];
  readonly assignments: readonly Assignment[];
  readonly proposals: readonly Proposal[];
  readonly refusals: readonly Refusal[];
  readonly code: readonly CodeRun[];
  readonly cost: AgentCost;
}

export type AgentState =
  | { readonly status: "running"; readonly startedAt: number }
  | (AgentReport & { readonly status: "done" | "failed"; readonly at: number });
