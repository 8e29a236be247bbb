import type { Actor } from "../protocol/event.ts";
import type { ChildReport } from "../protocol/family.ts";
import type { Gate, GateOutcome } from "../protocol/gate.ts";
import type { Json } from "../protocol/json.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Retention } from "./archive.ts";
import type { Migration } from "./migrations.ts";
import type { SnapshotPolicy } from "./snapshots.ts";
import type { StreamRetention } from "./stream-retention.ts";
import type { SummaryPolicy } from "./summaries.ts";
import type { Workflow } from "./workflow.ts";

/** What clients may write besides calling methods. */
export interface ClientWrites {
  /** Replace the state (default false). */
  readonly state: boolean;
  /** Move the workflow (default true where there is one). */
  readonly status: boolean;
  /** Append events: every user type, or only these (default every). */
  readonly events: "any" | readonly string[];
}

export const defaultClientWrites: ClientWrites = { state: false, status: true, events: "any" };

export interface TranscriptEvents {
  /** What is understood so far. */
  readonly partial: string;
  readonly final: string;
}

/** A kind as the kernel sees it: data and synchronous hooks, whatever class they come from. */
export interface KindDefinition {
  readonly initialState: Json;
  readonly workflow: Workflow | undefined;
  readonly migrations: readonly Migration[];
  readonly limits: Limits;
  readonly clientWrites: ClientWrites;
  /** When ranges of the log are sealed; null never does. Default: `defaultSnapshotPolicy`. */
  readonly snapshots?: SnapshotPolicy | null;
  /** Whether sessions have owners, who decide who else may do what. Default: open. */
  readonly access?: "open" | "owned";
  /** When summaries are made; null or absent: never. */
  readonly summaries?: SummaryPolicy | null;
  /** Whether a commit shows once it is on the object's disk (default), or only once the record holds it. */
  readonly durability?: "mirror" | "ledger";
  /** Types of the transcripts that the session writes of a call, and that clients therefore may not; null or absent: it writes none. */
  readonly transcripts?: TranscriptEvents | null;
  /** When events leave the hot log for the archive. Default: never. */
  readonly retention?: Retention | null;
  /** When streams that have closed are deleted. Default: never. */
  readonly streamRetention?: StreamRetention | null;
  /** Milliseconds for which entries of the operator log are kept. Default: seven days. */
  readonly operatorLogMs?: number;
  /** Throws to refuse the next state. */
  validateState(next: Json, current: Json): void;
  /** Throws to refuse an event that a client appends. */
  validateEvent(type: string, payload: Json): void;
  /** The synchronous method clients may call by this name, else null. Asynchronous ones never enter a batch. */
  method(name: string): ((...args: readonly Json[]) => unknown) | null;
  /** Whether policies beyond the session are asked for gates about calls. */
  readonly hasSharedPolicies?: boolean;
  /** Runs in the same commit that settles the gate. */
  gateSettled(gate: Gate, outcome: GateOutcome): void;
  /** Runs in the same commit that asks others too. */
  gateEscalated?(gate: Gate): void;
  /** Whether somebody may answer gates: the maker of a policy still, or who calls a method that answers. Absent: everyone may. */
  mayApprove?(actor: Actor | null): boolean;
  /** Runs in the commit that terminates the session, before what waits is closed. */
  terminating?(): void;
  /** Runs in the same commit that changes who may do what. */
  accessChanged?(): void;
  /** Runs in the same commit that takes the report. */
  childReported?(report: ChildReport): void;
}
