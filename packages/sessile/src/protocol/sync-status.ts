import type { WireError } from "./error.ts";

/** How far the record has what a session has stored. */
export interface SyncStatus {
  readonly durability: "mirror" | "ledger";
  /** The last event that is shown. */
  readonly lastSeq: number;
  /** The last event that the record holds; null for a kind that keeps no record. */
  readonly recordedSeq: number | null;
  /** Number of events that the session has stored and that are not on their way to the record yet. */
  readonly staged: number;
  /** Number of events on their way to the record. */
  readonly pending: number;
  /** Why the session takes no commands now; null if it does. */
  readonly refusal: WireError | null;
}
