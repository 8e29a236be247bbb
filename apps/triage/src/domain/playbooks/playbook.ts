import type { IncidentType } from "../model/incident-type.ts";
import type { Severity } from "../model/severity.ts";

export type TargetKind = "host" | "internal-ip" | "external-ip" | "user";
export type Risk = "low" | "medium" | "high";
export type Integration = "endpoint" | "firewall" | "identity" | "email" | "network" | "logging" | "case";

/** One thing to do, before it is known to what. */
export interface PlaybookStep {
  readonly id: string;
  readonly title: string;
  /** What it acts on; the step is left out where the evidence names none. Absent: the incident as a whole. */
  readonly target?: TargetKind;
  readonly from?: Severity;
  /** Harm it can do if the suspicion is wrong. */
  readonly risk: Risk;
  readonly reversible: boolean;
  readonly integration: Integration;
  readonly rationale: string;
  /** Within which time it still helps. */
  readonly timeWindow: string;
}

export interface Playbook {
  readonly id: string;
  readonly title: string;
  readonly types: readonly IncidentType[];
  readonly steps: readonly PlaybookStep[];
}
