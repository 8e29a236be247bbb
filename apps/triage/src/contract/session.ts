import type { Callable } from "sessile/protocol";
import type { AlertPage } from "./api.ts";
import type { IncidentEvents, IncidentState } from "./incident.ts";

/** The same shape as a plain type: TypeScript takes an interface for JSON only then. */
export type Plain<T> = T extends object ? { readonly [Key in keyof T]: Plain<T[Key]> } : T;

export type IncidentDocument = Plain<IncidentState>;

export type EvidenceQuery = {
  /** Default: both. */
  readonly kind?: "alert" | "telemetry";
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  /** Default 100, at most 500. */
  readonly limit?: number;
};

/**
 * What a client of an incident can call: `useSession<IncidentSession>("incident", name)`. Refusals are `SessileError`s:
 * `illegal_transition` in the wrong status, `not_found`, `conflict` with `currentVersion`, `gate_closed`, `bad_request`.
 */
export type IncidentSession = {
  readonly initialState: IncidentDocument;
  readonly eventTypes?: IncidentEvents;
  /** new → investigating. */
  readonly startInvestigation: Callable<[], void>;
  /** Runs one failed analyser again; the card follows. */
  readonly retryAnalysis: Callable<[analyser: string], void>;
  /** @returns the note's id */
  readonly addNote: Callable<[text: string], string>;
  /** `version` is the one the edit was made from. @returns the new version */
  readonly editNote: Callable<[noteId: string, version: number, text: string], number>;
  /** One action of the plan; the same as answering its gate. */
  readonly decideAction: Callable<
    [actionId: string, decision: "approved" | "rejected", comment: string],
    void
  >;
  /** triaged → closed. At least one of the two is not blank. */
  readonly recordDecision: Callable<[decision: string, comment: string], void>;
  /** The evidence that the session holds, in order of time. */
  readonly evidence: Callable<[query: EvidenceQuery], Plain<AlertPage>>;
};
