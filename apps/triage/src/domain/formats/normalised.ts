import type { Alert } from "../model/alert.ts";

/** What is known of a record before its format is. */
export interface RecordFacts {
  readonly hash: string;
  readonly raw: string;
  readonly fields: Record<string, string>;
}

export type Normalised =
  | { readonly alert: Alert; readonly rejected?: never }
  | { readonly rejected: string; readonly alert?: never };
