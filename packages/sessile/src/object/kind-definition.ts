import {
  type ClientWrites,
  defaultClientWrites,
  defaultSnapshotPolicy,
  defaultSummaryPolicy,
  type KindDefinition,
  type Migration,
  type Retention,
  type SnapshotPolicy,
  type StreamRetention,
  type SummaryPolicy,
  type Workflow,
} from "../kernel/index.ts";
import type { Json } from "../protocol/json.ts";
import { defaultLimits, type Limits } from "../protocol/limits.ts";
import type { Summarizer } from "../protocol/summary.ts";
import { transcriptEventsOf, type VoiceSettings } from "./voice/voice-settings.ts";

/** When a kind's summaries are made, and who writes them: without a `summarizer`, sentences are taken from the events. */
export type SummarySettings = Partial<SummaryPolicy> & { readonly summarizer?: Summarizer };

/** What a session class declares of its kind. */
export interface KindDeclaration {
  readonly initialState: Json;
  readonly workflow?: Workflow;
  readonly migrations: readonly Migration[];
  readonly limits: Partial<Limits>;
  readonly clientWrites: Partial<ClientWrites>;
  readonly snapshots: Partial<SnapshotPolicy> | null;
  readonly retention: Retention | null;
  readonly streamRetention: StreamRetention | null;
  readonly summaries: SummarySettings | null;
  readonly voice: VoiceSettings | null;
  readonly operatorLogMs: number;
  readonly access: "open" | "owned";
  readonly durability: "mirror" | "ledger";
}

/** A class's declarations with every default filled in, and its hooks: the kind as the kernel sees it. */
export function definitionOf(
  kind: KindDeclaration,
  hooks: Pick<
    KindDefinition,
    | "validateState"
    | "validateEvent"
    | "method"
    | "gateSettled"
    | "childReported"
    | "gateEscalated"
    | "terminating"
    | "accessChanged"
    | "mayApprove"
    | "hasSharedPolicies"
  >,
): KindDefinition {
  return {
    initialState: kind.initialState,
    workflow: kind.workflow,
    migrations: kind.migrations,
    limits: { ...defaultLimits, ...kind.limits },
    clientWrites: { ...defaultClientWrites, ...kind.clientWrites },
    snapshots: kind.snapshots && { ...defaultSnapshotPolicy, ...kind.snapshots },
    retention: kind.retention,
    streamRetention: kind.streamRetention,
    summaries: kind.summaries && { ...defaultSummaryPolicy, ...kind.summaries },
    transcripts: kind.voice && transcriptEventsOf(kind.voice),
    operatorLogMs: kind.operatorLogMs,
    access: kind.access,
    durability: kind.durability,
    ...hooks,
  };
}
