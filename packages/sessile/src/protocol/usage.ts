export const usageKinds = ["tokens", "tool", "subagent", "custom"] as const;
export type UsageKind = (typeof usageKinds)[number];

/** What a session's own code or its agent says it has used. */
export interface UsageReport {
  /** The same id again records nothing. */
  readonly entryId: string;
  readonly kind: UsageKind;
  /** Which part of the application: `summary`, `agent`, … */
  readonly source: string;
  readonly model?: string;
  /** Of a tool or sub-agent. */
  readonly name?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Default: input and output together. */
  readonly totalTokens?: number;
  /** Millionths of the currency the deployment counts in. Absent or null: not known. */
  readonly costMicros?: number | null;
  readonly durationMs?: number;
  /** What it was for: the id of a summary, a run, an order. */
  readonly ref?: string;
}

/** An entry of the meter. */
export interface UsageEntry {
  readonly entryId: string;
  readonly kind: UsageKind;
  readonly source: string;
  readonly model: string | null;
  readonly name: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly costMicros: number | null;
  readonly durationMs: number;
  readonly ref: string | null;
  /** Of its event. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface UsageSum {
  readonly entries: number;
  readonly tokens: { readonly input: number; readonly output: number; readonly total: number };
  /** Sum of the costs that are known. */
  readonly costMicros: number;
  /** Entries whose cost is not known. */
  readonly unpriced: number;
}

/** What a session has used so far. */
export interface UsageRollup extends UsageSum {
  readonly bySource: { readonly [source: string]: UsageSum };
  readonly byModel: { readonly [model: string]: UsageSum };
  readonly toolStats: {
    readonly [name: string]: { readonly calls: number; readonly durationMs: number };
  };
  readonly subagentStats: {
    readonly [name: string]: { readonly calls: number; readonly durationMs: number; readonly tokens: number };
  };
}
