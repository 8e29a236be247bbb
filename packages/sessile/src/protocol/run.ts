import type { WireError } from "./error.ts";
import type { GateKind } from "./gate.ts";
import type { Json } from "./json.ts";
import type { StreamInfo } from "./stream.ts";

/** Of a run's stream. */
export const runContentType = "application/json";

/** How a run of an agent came to its end. `exhausted`: a bound was reached; like `interrupted` it can be gone on with. */
export const runOutcomes = ["completed", "failed", "interrupted", "aborted", "exhausted"] as const;
export type RunOutcome = (typeof runOutcomes)[number];

/** What a run that has stopped for now waits for. Nothing of it is in memory meanwhile. */
export const runSuspensions = [
  "suspended_client_tool",
  "suspended_awaiting_children",
  /** Both. */
  "suspended_step_partial",
  "suspended_budget",
] as const;
export type RunSuspension = (typeof runSuspensions)[number];

/** The last chunk before a run waits, and its readers with it. */
export function suspendingChunk(outcome: RunSuspension): Json {
  return { type: "message-metadata", messageMetadata: { outcome } };
}

/** Whether this chunk of a run's stream is that one. */
export function isSuspending(chunk: unknown): boolean {
  const { type, messageMetadata = {} } = chunk as {
    readonly type?: Json;
    readonly messageMetadata?: { readonly outcome?: Json };
  };
  return type === "message-metadata" && runSuspensions.includes(messageMetadata.outcome as RunSuspension);
}

/** A gate that a run waits for. */
export type PendingRunCall = {
  readonly gateId: string;
  readonly kind: GateKind;
  /** Absent: it is about no call, but a budget that is used up. */
  readonly toolCallId?: string;
  readonly toolName?: string;
};

/** A session that a sub-agent works in for one call. */
export type RunChild = {
  readonly kind: string;
  readonly name: string;
  readonly toolCallId: string;
  readonly toolName: string;
};

/** A run that has stopped until its gates are settled and its sub-agents have come to an end. */
export type SuspendedRun = {
  readonly outcome: RunSuspension;
  readonly step: number;
  readonly calls: readonly PendingRunCall[];
  readonly children: readonly RunChild[];
};

/** The run that is going on. */
export type ActiveRun = {
  readonly runId: string;
  readonly agent: string;
  readonly stop: RunStop | null;
  /** How often it was set to work: once, and once more whenever it was suspended. */
  readonly turn: number;
  /** Milliseconds since 1970. */
  readonly deadlineAt: number | null;
  /** Id of whoever started it, or has told it since what to do instead. */
  readonly startedBy: string | null;
  /** Whether the session's parent is told of its end. */
  readonly isReported: boolean;
  readonly suspended: SuspendedRun | null;
};

/** What somebody asked of the run that is going on: to end before its next step, or at once and for good. */
export type RunStop = "interrupt" | "abort";

/** What a session of agents keeps in its state. The messages themselves are events, each naming the one before it. */
export type AgentState = {
  /** Seq of the newest message's event; null before the first. */
  readonly head: number | null;
  readonly active: ActiveRun | null;
  /** How the run before ended. */
  readonly last: { readonly runId: string; readonly outcome: RunOutcome } | null;
  /** Absent until it is made. */
  readonly title?: string;
};

/** What a client sends to start a run. */
export type RunRequest = {
  /** May be left out where a session has one agent. */
  readonly agent?: string;
  /** Absent: the run goes on where the one before stopped. */
  readonly message?: string;
  /** The same again is the same run. */
  readonly runId?: string;
  /** Goes on from the end of this step, as if nothing had been said since. */
  readonly from?: RunStep;
};

/** A step of a run, as a place in the conversation. */
export type RunStep = { readonly runId: string; readonly step: number };

/** Whether a session can go on without being told what to do, and if not, why. */
export type RunResumability =
  | { readonly canResume: true; readonly reason: null }
  | {
      readonly canResume: false;
      /** `waiting`: calls of the suspended run are not answered yet. */
      readonly reason: "running" | "waiting" | "completed" | "aborted" | "empty";
    };

export type RunUsage = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
};

export type RunResult = {
  readonly runId: string;
  readonly agent: string;
  readonly outcome: RunOutcome | RunSuspension;
  /** Text of the last answer; empty if there is none. */
  readonly text: string;
  /** Answers that the model gave. */
  readonly steps: number;
  /** Why the model ended its last answer. */
  readonly finishReason: string | null;
  /** Which bound was reached, or what went wrong. */
  readonly reason: string | null;
  readonly usage: RunUsage;
  /** Of a suspended run: what it waits for. */
  readonly pending?: readonly PendingRunCall[];
  readonly children?: readonly RunChild[];
};

/** A run as anybody sees it. */
export interface RunInfo {
  readonly runId: string;
  readonly agent: string;
  readonly status: "running" | RunSuspension | RunOutcome;
  /** The step that the run has come to. */
  readonly steps: number;
  /** Of the event that started it: what comes after is of this run, or of another's doing. */
  readonly startSeq: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Null while it goes on, and when it failed. */
  readonly result: RunResult | null;
  /** While it is suspended: what it waits for. */
  readonly pending: readonly PendingRunCall[];
  readonly children: readonly RunChild[];
  readonly error: WireError | null;
}

/** A run is its stream: so it is shown, kept, exported and rebuilt like any other. */
export type RunMeta = {
  readonly run: {
    readonly agent: string;
    readonly from?: RunStep /** A JSON schema. */;
    readonly outputSchema?: Json;
  };
};

/**
 * @param active the session's, which alone knows what a suspended run waits for
 * @returns null if this stream is no run's
 */
export function runInfoOf(
  stream: StreamInfo,
  active: Pick<ActiveRun, "runId" | "suspended"> | null = null,
): RunInfo | null {
  const { run } = (stream.meta ?? {}) as { readonly run?: Json };
  const { agent } = (run ?? {}) as { readonly agent?: Json };
  if (typeof agent !== "string") return null;
  const { streamId, status, steps, openedSeq, openedAt, closedAt, error } = stream;
  const result = status === "ended" ? (stream.output as RunResult) : null;
  const suspended = active?.runId === streamId ? active.suspended : null;
  return {
    runId: streamId,
    agent,
    status: status === "failed" ? "failed" : (result?.outcome ?? suspended?.outcome ?? "running"),
    steps: steps.at(-1)?.[0] ?? 0,
    startSeq: openedSeq,
    startedAt: openedAt,
    endedAt: closedAt,
    result,
    pending: suspended?.calls ?? [],
    children: suspended?.children ?? [],
    error,
  };
}

/** @param gates the session's gates that wait, by id */
export function resumabilityOf(
  { active, head, last }: AgentState,
  gates: { readonly [gateId: string]: unknown },
): RunResumability {
  const no = (reason: NonNullable<RunResumability["reason"]>) => ({ canResume: false as const, reason });
  const yes = { canResume: true as const, reason: null };
  if (active) {
    if (!active.suspended) return no("running");
    // Sub-agents are asked after, so that one who is gone need not be waited for.
    return active.suspended.calls.some(({ gateId }) => Object.hasOwn(gates, gateId)) ? no("waiting") : yes;
  }
  if (head === null) return no("empty");
  return last?.outcome === "completed" || last?.outcome === "aborted" ? no(last.outcome) : yes;
}
