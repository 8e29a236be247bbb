import { type IncidentType, incidentTypeLabel } from "../model/incident-type.ts";
import { type Severity, severityRank } from "../model/severity.ts";
import { planActions } from "../playbooks/plan.ts";
import { type AnalyserResult, analyserNames, type Evidence, type Finding } from "./analyser.ts";
import { plural } from "./finding-list.ts";

/** What became of an analyser. */
export type AnalyserOutcome =
  | { readonly analyser: string; readonly result: AnalyserResult; readonly failed?: never }
  | { readonly analyser: string; readonly failed: string; readonly result?: never };

export interface TriageCard {
  readonly severity: Severity;
  /** 0 to 1. */
  readonly confidence: number;
  readonly type: IncidentType;
  readonly headline: string;
  readonly confidenceReasons: readonly string[];
  /** Analysers whose answer is missing. */
  readonly missing: readonly string[];
  /** The findings that decided, most severe first. */
  readonly keyFindings: readonly Finding[];
  readonly recommendedActions: readonly string[];
}

const startConfidence = 0.45;
const missingPenalty = 0.15;
const maxKeyFindings = 6;
const maxRecommended = 5;
/** Findings this sure count as support; weaker ones are shown and decide nothing. */
const supportConfidence = 0.55;

/** The verdict from whatever the analysers found; those that failed are named, and cost confidence. */
export function triageCard(incident: Evidence["incident"], outcomes: readonly AnalyserOutcome[]): TriageCard {
  const results = outcomes.flatMap((outcome) => (outcome.result === undefined ? [] : [outcome.result]));
  const answered = new Set(results.map((result) => result.analyser));
  const missing = analyserNames.filter((name) => !answered.has(name));
  const findings = results.flatMap((result) => result.findings).sort(bySeverity);
  const solid = findings.filter((finding) => finding.confidence >= supportConfidence);
  const severity = verdictSeverity(incident.severity, solid);
  const type = verdictType(incident.type, solid, severity);
  const { confidence, reasons } = confidenceOf(results, solid, missing, severity);
  const plan = planActions({ ...incident, type, severity });
  return {
    severity,
    confidence,
    type,
    headline: headlineOf(type, severity, solid),
    confidenceReasons: reasons,
    missing,
    keyFindings: findings.slice(0, maxKeyFindings),
    recommendedActions: plan.actions.slice(0, maxRecommended).map((action) => action.title),
  };
}

function bySeverity(a: Finding, b: Finding): number {
  return (
    severityRank(b.severity) - severityRank(a.severity) ||
    b.confidence - a.confidence ||
    (a.id < b.id ? -1 : 1)
  );
}

/** Never below what the alerts say: an analyser that finds nothing is no proof that nothing happened. */
function verdictSeverity(alerts: Severity, solid: readonly Finding[]): Severity {
  const worst = solid[0]?.severity ?? "low";
  return severityRank(worst) > severityRank(alerts) ? worst : alerts;
}

/** The type that the most severe findings speak for; the incident's own type has a vote worth a high finding. */
function verdictType(own: IncidentType, solid: readonly Finding[], severity: Severity): IncidentType {
  const votes = new Map<IncidentType, number>([[own, 9.5]]);
  for (const finding of solid) {
    // Only what is about as bad as the incident itself says what kind of incident it is.
    if (finding.type === undefined || severityRank(finding.severity) < severityRank(severity) - 1) continue;
    const weight = severityRank(finding.severity) ** 2 * finding.confidence;
    votes.set(finding.type, Math.max(votes.get(finding.type) ?? 0, weight));
  }
  return [...votes].sort(([, a], [, b]) => b - a)[0]?.[0] ?? own;
}

function confidenceOf(
  results: readonly AnalyserResult[],
  solid: readonly Finding[],
  missing: readonly string[],
  severity: Severity,
): { confidence: number; reasons: readonly string[] } {
  const reasons: string[] = [];
  let confidence = startConfidence;
  const supporting = results.filter((result) =>
    result.findings.some(
      (finding) => finding.confidence >= supportConfidence && severityRank(finding.severity) >= 2,
    ),
  );
  if (supporting.length > 0) {
    confidence += Math.min(supporting.length, 3) * 0.1;
    reasons.push(
      `${plural(supporting.length, "analyser")} found support: ${supporting.map((result) => result.analyser).join(", ")}.`,
    );
  } else reasons.push("No analyser found support beyond the alerts themselves.");
  const strongest = solid.find((finding) => severityRank(finding.severity) >= severityRank(severity));
  if (strongest !== undefined) {
    confidence += strongest.confidence * 0.2;
    reasons.push(`Strongest finding: ${strongest.title} (${Math.round(strongest.confidence * 100)} % sure).`);
  }
  const cited = new Set(solid.flatMap((finding) => finding.citations.map((citation) => citation.alertHash)))
    .size;
  if (cited >= 3) {
    confidence += 0.05;
    reasons.push(`${cited} separate records are cited.`);
  }
  if (missing.length > 0) {
    confidence -= missingPenalty * missing.length;
    reasons.push(`Missing: ${missing.join(", ")}; the verdict rests on the rest.`);
  }
  return { confidence: Math.round(Math.min(Math.max(confidence, 0.05), 0.95) * 100) / 100, reasons };
}

function headlineOf(type: IncidentType, severity: Severity, solid: readonly Finding[]): string {
  const [lead] = solid;
  const label = `${incidentTypeLabel(type)}, ${severity}`;
  return lead === undefined ? `${label}: no finding beyond the alerts` : `${label}: ${lead.title}`;
}
