import type { IncidentState } from "./incident.ts";

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
