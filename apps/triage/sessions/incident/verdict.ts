import type { IncidentState, Narrative, PlannedAction, TriageCard } from "../../src/contract/incident.ts";
import {
  type AnalyserOutcome,
  catalogueAction,
  type Evidence,
  highestSeverity,
  type IncidentSummary,
  type PlannedAction as PlaybookAction,
  planActions,
  triageCard,
} from "../../src/domain/index.ts";

/** Without any alert there is still what the queue said. */
export function summaryOf(
  summary: IncidentSummary | null,
  { title, severity, type, alerts }: Pick<IncidentState, "title" | "severity" | "type" | "alerts">,
): IncidentSummary {
  if (summary) return summary;
  return {
    title,
    severity,
    type,
    firstAt: alerts.firstAt,
    lastAt: alerts.lastAt,
    alertCount: 0,
    counts: { low: 0, medium: 0, high: 0, critical: 0 },
    actors: { hosts: [], ips: [], users: [] },
    ownIps: [],
    keyIps: [],
    rank: "",
  };
}

/** What the card and the plan are made from, whenever they are made. */
export function incidentOf(summary: IncidentSummary): Evidence["incident"] {
  const { title, severity, type, actors, ownIps, keyIps } = summary;
  return { title, severity, type, actors, ownIps, keyIps };
}

/**
 * The verdict on what the analysers found so far; those without a result are named in it. A model's assessment stands beside it: it
 * may raise the severity, and lower nothing.
 */
export function cardOf(
  summary: IncidentSummary,
  { analysers, agents = {} }: Pick<IncidentState, "analysers" | "agents">,
): TriageCard {
  const outcomes: AnalyserOutcome[] = [];
  for (const [analyser, state] of Object.entries(analysers)) {
    if (state.status === "done")
      outcomes.push({ analyser, result: { analyser, summary: state.summary, findings: state.findings } });
    if (state.status === "failed") outcomes.push({ analyser, failed: state.error });
  }
  const card = triageCard(incidentOf(summary), outcomes);
  const narrative = narrativeOf(agents);
  const severity = highestSeverity(card.severity, narrative?.severity ?? card.severity);
  return {
    severity,
    ...(narrative ? { narrative, severityBy: severity === card.severity ? "analysers" : "model" } : {}),
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

function narrativeOf(agents: NonNullable<IncidentState["agents"]>): Narrative | null {
  const { synthesiser } = agents;
  if (synthesiser?.status !== "done" || !synthesiser.conclusion?.severity) return null;
  const { text, citations, severity } = synthesiser.conclusion;
  return { model: synthesiser.model, text, citations, severity };
}

/**
 * The actions that the plan does not have yet: the playbook's, then those that a model proposed of the catalogue. What people decided
 * already stays as it is.
 */
export function newActions(
  summary: IncidentSummary,
  card: TriageCard,
  { plan, agents = {} }: Pick<IncidentState, "plan" | "agents">,
): { readonly playbook: string; readonly actions: readonly PlannedAction[] } {
  const incident = { ...incidentOf(summary), type: card.type, severity: card.severity };
  const { title, actions: own } = planActions(incident);
  const { planner } = agents;
  const proposals = planner && planner.status !== "running" ? planner.proposals : [];
  const proposed = proposals.flatMap(({ action: id, targets, rationale, citations }): PlannedAction[] => {
    const action = catalogueAction(incident, id, targets);
    return action ? [{ ...waiting(action), rationale, by: "model", citations }] : [];
  });
  const known = new Set((plan ?? []).map(({ id }) => id));
  const actions = [...own.map(waiting), ...proposed].filter(({ id }) => !known.has(id) && known.add(id));
  return { playbook: title, actions };
}

function waiting(action: PlaybookAction): PlannedAction {
  return {
    ...action,
    targets: action.targets.map(({ value }) => value),
    gateId: gateIdOf(action.id),
    decision: "waiting",
    decided: null,
    comment: null,
  };
}
