export {
  type Analyser,
  type AnalyserName,
  type AnalyserResult,
  analyserNames,
  type Citation,
  type Evidence,
  type Finding,
} from "./analysis/analyser.ts";
export { analysers } from "./analysis/analysers.ts";
export { type AnalyserOutcome, type TriageCard, triageCard } from "./analysis/card.ts";
export { decodeCommand } from "./analysis/decode-command.ts";
export { investigate, runAnalysers } from "./analysis/investigate.ts";
export { type Correlation, correlate } from "./correlation/correlate.ts";
export { type CorrelationRule, correlationRules } from "./correlation/correlation-rules.ts";
export { type Explanation, explain } from "./correlation/explain.ts";
export {
  fold,
  type IncidentSummary,
  mergeSummaries,
  restoreSummary,
  type StoredSummary,
} from "./correlation/fold.ts";
export { parseIncidentKey } from "./correlation/incident-key.ts";
export { telemetryKey, telemetryKeysOf } from "./correlation/telemetry-key.ts";
export { detect, detectionRules } from "./detection/detect.ts";
export type { DetectionRule, WindowsRecord } from "./detection/rule.ts";
export { type SignatureFamily, signatureFamily } from "./detection/signature-family.ts";
export { canonicalJson } from "./formats/canonical-json.ts";
export { parseEventTime } from "./formats/event-time.ts";
export { normaliseRecord } from "./formats/normalise-record.ts";
export type { Normalised } from "./formats/normalised.ts";
export { type ReadResult, readAlerts, recordHash, restoreAlert } from "./formats/read-alerts.ts";
export { RecordSplitter, type SplitOptions, type SplitRecord } from "./formats/record-splitter.ts";
export { type ByteSource, splitRecords } from "./formats/split-records.ts";
export type { Actors, Alert, AlertSource, Detection, Endpoint } from "./model/alert.ts";
export { type IncidentType, incidentTypeLabel, incidentTypes } from "./model/incident-type.ts";
export {
  highestSeverity,
  type Severity,
  severities,
  severityOfRank,
  severityRank,
} from "./model/severity.ts";

export { type CatalogueEntry, catalogueAction, catalogueOf } from "./playbooks/catalogue.ts";
export {
  type ActionPlan,
  type ActionTarget,
  type PlannedAction,
  type PlannedIncident,
  planActions,
} from "./playbooks/plan.ts";
export type { Integration, Playbook, PlaybookStep, Risk, TargetKind } from "./playbooks/playbook.ts";
export { playbookFor, playbooks } from "./playbooks/playbooks.ts";

export { cleanText } from "./text/clean-text.ts";
