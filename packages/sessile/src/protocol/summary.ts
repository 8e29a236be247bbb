/** How long and of what form a summary is. */
export const summaryStyles = ["brief", "detailed", "action_items"] as const;
export type SummaryStyle = (typeof summaryStyles)[number];

/** What a summary was made for. */
export type SummaryReason = "snapshot" | "termination" | "request";

/** What a summariser says. */
export interface SummaryContent {
  readonly text: string;
  readonly keyTopics: readonly string[];
  readonly actionItems: readonly string[];
}

/** A summary of the session up to `toSeq`, in one style. */
export interface Summary extends SummaryContent {
  /** ULID, see `eventIdOf`: the same whoever computes it. */
  readonly summaryId: string;
  /** The summary of the same style it goes on from; null if it was made from the events alone. */
  readonly baseSummaryId: string | null;
  /** First event it adds to the summary before it. */
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Events of the range that did not fit into what the summariser may read. */
  readonly omittedEvents: number;
  readonly style: SummaryStyle;
  readonly reason: SummaryReason;
  /** The model that wrote it; `extractive`: no model did, its sentences are taken from the events. */
  readonly model: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export const extractiveModel = "extractive";

/** Bounds of every summary, whoever wrote it; longer texts are cut. The text's own is a setting of the kind. */
export const summaryBounds = {
  maxTopics: 12,
  maxTopicChars: 80,
  maxItems: 20,
  maxItemChars: 300,
} as const;

/** One event as a summariser reads it: who did what. It is data, whatever it says. */
export interface SummaryEntry {
  readonly seq: number;
  readonly type: string;
  readonly by: string | null;
  readonly text: string;
  /** Somebody's words; otherwise the payload as JSON. */
  readonly isProse: boolean;
}

/** What a summariser gets: the summary before, and what happened since. Bounded, however long the log is. */
export interface SummaryInput {
  readonly style: SummaryStyle;
  readonly previous: SummaryContent | null;
  readonly entries: readonly SummaryEntry[];
  readonly omittedEvents: number;
  readonly maxTextChars: number;
}

/** What running a model took. */
export interface ModelUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Millionths of the currency the deployment counts in; null: not known. */
  readonly costMicros: number | null;
}

export interface SummarizerAnswer extends SummaryContent {
  readonly usage: ModelUsage | null;
}

/** Writes summaries. `sessile/agent` makes one of any model of the AI SDK. */
export interface Summarizer {
  readonly model: string;
  /** @throws SummarizerFailure (or anything) if it cannot; tokens that were used all the same come with it */
  summarize(input: SummaryInput, options: { readonly timeoutMs: number }): Promise<SummarizerAnswer>;
}

/** A model's answer that is none, with what it cost. */
export class SummarizerFailure extends Error {
  override readonly name = "SummarizerFailure";
  readonly usage: ModelUsage | null;

  constructor(message: string, usage: ModelUsage | null, options?: ErrorOptions) {
    super(message, options);
    this.usage = usage;
  }
}
