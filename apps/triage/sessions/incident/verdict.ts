import type { AnalyserState, PlannedAction, TriageCard } from "../../src/contract/incident.ts";
import {
  type AnalyserOutcome,
  type Evidence,
  type IncidentSummary,
  planActions,
  triageCard,
} from "../../src/domain/index.ts";

/** What the card and the plan are made from, whenever they are made. */
export function incidentOf(summary: IncidentSummary): Evidence["incident"] {
  const { title, severity, type, actors, ownIps } = summary;
  return { title, severity, type, actors, ownIps };
}

/** The verdict on what the analysers found so far; those without a result are named in it. */
export function cardOf(
  summary: IncidentSummary,
  analysers: { readonly [name: string]: AnalyserState },
): TriageCard {
  const outcomes: AnalyserOutcome[] = [];
  for (const [analyser, state] of Object.entries(analysers)) {
    if (state.status === "done")
      outcomes.push({ analyser, result: { analyser, summary: state.summary, findings: state.findings } });
    if (state.status === "failed") outcomes.push({ analyser, failed: state.error });
  }
  const card = triageCard(incidentOf(summary), outcomes);
  return {
    severity: card.severity,
    confidence: card.confidence,
    type: card.type,
    summary: card.headline,
    reasons: [
      ...card.keyFindings.map(({ title, detail, citations }) => ({ text: `${title}: ${detail}`, citations })),
      ...card.confidenceReasons.map((text) => ({ text, citations: [] })),
    ],
    recommendedActions: card.recommendedActions,
    missing: card.missing,
  };
}

export function gateIdOf(actionId: string): string {
  return `action:${actionId}`;
}

/** The playbook's actions that `existing` does not have yet; what people decided already stays as it is. */
export function newActions(
  summary: IncidentSummary,
  card: TriageCard,
  existing: readonly PlannedAction[],
): { readonly playbook: string; readonly actions: readonly PlannedAction[] } {
  const incident = { ...incidentOf(summary), type: card.type, severity: card.severity };
  const plan = planActions(incident);
  const known = new Set(existing.map(({ id }) => id));
  const actions = plan.actions
    .filter(({ id }) => !known.has(id))
    .map(
      (action): PlannedAction => ({
        ...action,
        targets: action.targets.map(({ value }) => value),
        gateId: gateIdOf(action.id),
        decision: "waiting",
        decided: null,
        comment: null,
      }),
    );
  return { playbook: plan.title, actions };
}
