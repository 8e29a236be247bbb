import type { Citation, Finding } from "../domain/analysis/analyser.ts";
import type { IncidentType } from "../domain/model/incident-type.ts";
import type { Severity } from "../domain/model/severity.ts";
import type { AgentState } from "./agents.ts";

/** The workflow of an incident. The page shows `new` as "open": a display alias, not a fifth status. */
export type IncidentStatus = "new" | "investigating" | "triaged" | "closed";

/** Who did something and when; milliseconds since 1970. */
export interface Mark {
  readonly by: string | null;
  readonly at: number;
}

/** One analyser's progress. Results are kept one by one as they arrive, and a failed one does not stop the rest. */
export type AnalyserState =
  | { readonly status: "waiting" }
  | { readonly status: "running"; readonly startedAt: number }
  | {
      readonly status: "done";
      readonly at: number;
      readonly summary: string;
      readonly findings: readonly Finding[];
    }
  | { readonly status: "failed"; readonly at: number; readonly error: string };

export interface Reason {
  readonly text: string;
  readonly citations: readonly Citation[];
}

/** What a model makes of the whole incident, beside the analysers' verdict. */
export interface Narrative {
  readonly model: string;
  readonly text: string;
  readonly citations: readonly Citation[];
  /** As the model rates it; the verdict follows it upwards only. */
  readonly severity: Severity;
}

export interface TriageCard {
  readonly severity: Severity;
  /** Whose word that is; absent where no model was asked. */
  readonly severityBy?: "analysers" | "model";
  /** 0 to 1. */
  readonly confidence: number;
  readonly reasons: readonly Reason[];
  readonly type: IncidentType;
  readonly summary: string;
  readonly recommendedActions: readonly string[];
  /** Analysers whose results are missing. */
  readonly missing: readonly string[];
  readonly narrative?: Narrative | null;
}

export type Decision = "waiting" | "approved" | "rejected" | "expired";

/** One action of the plan. Nothing is executed without a person: `gateId` is the gate that asks for it. */
export interface PlannedAction {
  readonly id: string;
  readonly gateId: string;
  readonly title: string;
  readonly risk: "low" | "medium" | "high";
  readonly reversible: boolean;
  readonly integration: string;
  readonly rationale: string;
  readonly timeWindow: string;
  readonly targets: readonly string[];
  /** Who proposed it; absent: the playbook. */
  readonly by?: "playbook" | "model";
  /** What a model's proposal rests on. */
  readonly citations?: readonly Citation[];
  readonly decision: Decision;
  readonly decided: Mark | null;
  readonly comment: string | null;
}

export interface Note {
  readonly id: string;
  readonly text: string;
  /** Grows by one with each edit; an edit names the version it was made from. */
  readonly version: number;
  readonly created: Mark;
  readonly edited: Mark | null;
}

/** The small document that every open page of an incident sees live. Evidence lies in the session's tables, not here. */
export interface IncidentState {
  readonly title: string;
  readonly severity: Severity;
  readonly type: IncidentType;
  readonly alerts: { readonly total: number; readonly firstAt: number; readonly lastAt: number };
  readonly started: Mark | null;
  readonly triaged: Mark | null;
  readonly closed: (Mark & { readonly decision: string; readonly comment: string }) | null;
  readonly analysers: { readonly [name: string]: AnalyserState };
  /** Absent until a model is asked. */
  readonly agents?: { readonly [name: string]: AgentState };
  readonly card: TriageCard | null;
  readonly plan: readonly PlannedAction[] | null;
  readonly notes: readonly Note[];
}

/** Events of an incident's log beside the session's own. */
export type IncidentEvents = {
  /** Alerts taken in from D1, at most 500 an event. */
  readonly "alerts.attached": {
    readonly count: number;
    readonly hashes: readonly string[];
    /** Present for records around the incident that are no alerts. */
    readonly kind?: "telemetry";
  };
  readonly "investigation.started": { readonly startOn: "open" | "button" };
  readonly "analysis.completed": {
    readonly analyser: string;
    readonly findings: number;
    readonly summary: string;
  };
  readonly "analysis.failed": { readonly analyser: string; readonly error: string };
  readonly "agent.concluded": {
    readonly agent: string;
    readonly model: string;
    readonly findings: number;
    readonly summary: string;
  };
  readonly "agent.failed": { readonly agent: string; readonly model: string; readonly error: string };
  /** An agent tried what it may not, or claimed what does not hold. */
  readonly "agent.refused": {
    readonly agent: string;
    readonly tool: string;
    readonly reason: string;
    readonly arguments: string;
  };
  readonly "card.synthesised": {
    readonly severity: Severity;
    readonly confidence: number;
    readonly type: IncidentType;
  };
  readonly "plan.proposed": { readonly actions: number; readonly playbook: string };
  readonly "action.decided": {
    readonly actionId: string;
    readonly title: string;
    readonly decision: Decision;
  };
  readonly "note.added": { readonly noteId: string; readonly text: string };
  readonly "note.edited": { readonly noteId: string; readonly version: number; readonly text: string };
  readonly "decision.recorded": { readonly decision: string; readonly comment: string };
};
