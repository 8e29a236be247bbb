import type { Actors, Alert } from "../model/alert.ts";
import type { IncidentType } from "../model/incident-type.ts";
import type { Severity } from "../model/severity.ts";

/** What the analysers get. `alerts` is gone through once by each of them, so it must give a fresh iterator every time. */
export interface Evidence {
  readonly incident: {
    readonly title: string;
    readonly severity: Severity;
    readonly type: IncidentType;
    readonly actors: Actors;
    /** Addresses on the defended side. */
    readonly ownIps?: readonly string[];
    /** Those that the incident is about. */
    readonly keyIps?: readonly string[];
  };
  /** The incident's alerts and the telemetry around them, best in order of time. */
  readonly alerts: Iterable<Alert>;
}

export interface Citation {
  readonly alertHash: string;
  /** Name in `Alert.fields`. */
  readonly field: string;
  readonly excerpt: string;
}

export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** 0 to 1: how sure the analyser is that this is what it looks like. */
  readonly confidence: number;
  /** MITRE ATT&CK technique id. */
  readonly technique?: string;
  readonly type?: IncidentType;
  readonly detail: string;
  readonly citations: readonly Citation[];
}

export const analyserNames = ["command-line", "identity", "network", "activity"] as const;
export type AnalyserName = (typeof analyserNames)[number];

export interface AnalyserResult {
  readonly analyser: string;
  readonly summary: string;
  readonly findings: readonly Finding[];
}

/** A deterministic analyser answers at once; one that asks a model answers later and stops when `signal` says so. */
export interface Analyser {
  readonly name: string;
  analyse(evidence: Evidence, signal?: AbortSignal): AnalyserResult | Promise<AnalyserResult>;
}
