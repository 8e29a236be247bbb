import type { WireError } from "./error.ts";
import type { Json } from "./json.ts";
import type { StreamInfo } from "./stream.ts";

/** How a run of an agent came to its end. `exhausted`: a bound was reached; like `interrupted` it can be gone on with. */
export const runOutcomes = ["completed", "failed", "interrupted", "aborted", "exhausted"] as const;
export type RunOutcome = (typeof runOutcomes)[number];

/** What somebody asked of the run that is going on: to end before its next step, or at once and for good. */
export type RunStop = "interrupt" | "abort";

/** What a session of agents keeps in its state. The messages themselves are events, each naming the one before it. */
export type AgentState = {
  /** Seq of the newest message's event; null before the first. */
  readonly head: number | null;
  readonly active: {
    readonly runId: string;
    readonly agent: string;
    readonly stop: RunStop | null;
  } | null;
  /** How the run before ended. */
  readonly last: { readonly runId: string; readonly outcome: RunOutcome } | null;
};

/** What a client sends to start a run. */
export type RunRequest = {
  /** May be left out where a session has one agent. */
  readonly agent?: string;
  /** Absent: the run goes on where the one before stopped. */
  readonly message?: string;
  /** The same again is the same run. */
  readonly runId?: string;
};

export type RunUsage = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
};

export type RunResult = {
  readonly runId: string;
  readonly agent: string;
  readonly outcome: RunOutcome;
  /** Text of the last answer; empty if there is none. */
  readonly text: string;
  /** Answers that the model gave. */
  readonly steps: number;
  /** Why the model ended its last answer. */
  readonly finishReason: string | null;
  /** Which bound was reached, or what went wrong. */
  readonly reason: string | null;
  readonly usage: RunUsage;
};

/** A run as anybody sees it. */
export interface RunInfo {
  readonly runId: string;
  readonly agent: string;
  readonly status: "running" | RunOutcome;
  /** The step that the run has come to. */
  readonly steps: number;
  /** Of the event that started it: what comes after is of this run, or of another's doing. */
  readonly startSeq: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Null while it goes on, and when it failed. */
  readonly result: RunResult | null;
  readonly error: WireError | null;
}

/** A run is its stream: so it is shown, kept, exported and rebuilt like any other. */
export type RunMeta = { readonly run: { readonly agent: string } };

/** @returns null if this stream is no run's */
export function runInfoOf(stream: StreamInfo): RunInfo | null {
  const { run } = (stream.meta ?? {}) as { readonly run?: Json };
  const { agent } = (run ?? {}) as { readonly agent?: Json };
  if (typeof agent !== "string") return null;
  const { streamId, status, steps, openedSeq, openedAt, closedAt, error } = stream;
  const result = status === "ended" ? (stream.output as RunResult) : null;
  return {
    runId: streamId,
    agent,
    status: status === "failed" ? "failed" : (result?.outcome ?? "running"),
    steps: steps.at(-1)?.[0] ?? 0,
    startSeq: openedSeq,
    startedAt: openedAt,
    endedAt: closedAt,
    result,
    error,
  };
}
