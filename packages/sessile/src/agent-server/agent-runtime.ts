import type { Actor } from "../protocol/event.ts";
import {
  canonicalJson,
  type Gate,
  type GateAnswer,
  type GateOutcome,
  type Json,
  type RunInfo,
  type RunRequest,
  type RunStop,
  type StreamManager,
  sha256Hex,
} from "../protocol/index.ts";
import type { UsageRollup } from "../protocol/usage.ts";

/** A run's stream, by the run's id. */
export type RunStreams = Pick<StreamManager, "getInfo" | "createReader">;

export interface StartRequest extends RunRequest {
  readonly agent: string;
  readonly runId: string;
  /** How long agents of this name may run. */
  readonly deadlineMs: number | undefined;
}

/** What somebody answers to a call that waits. */
export type CallAnswer = Omit<GateAnswer, "remember">;

/** Where runs are carried out: the one seam between an `AgentServer` and what it runs on. */
export interface AgentRuntime {
  /**
   * Once for each `runId`; without a message the last run is gone on with.
   *
   * @returns the run's id: another than was asked for if the last run waited for others, and goes on itself
   * @throws SessileError `conflict` while another goes on, or if there is nothing to go on with
   */
  start(sessionId: string, request: StartRequest): Promise<string>;
  /** @returns false if no run goes on, or another one */
  stop(sessionId: string, how: RunStop, runId?: string): Promise<boolean>;
  /** The newest run; null if there was none. */
  newest(sessionId: string): Promise<RunInfo | null>;
  find(sessionId: string, runId: string): Promise<RunInfo | null>;
  /** What waits for people and clients. */
  gates(sessionId: string): Promise<readonly Gate[]>;
  /** Once: the same again is told how the first has ended it. @throws SessileError `not_found`, `gate_closed`, and as for any gate */
  answer(sessionId: string, gateId: string, answer: CallAnswer): Promise<GateOutcome>;
  /**
   * What servers without an `authorize` go by: whose a session is.
   *
   * @throws SessileError `not_found` if it is there for others only, `forbidden` if sessions here are nobody's
   */
  assertTheirs(sessionId: string): Promise<void>;
  streams(sessionId: string): RunStreams;
  usage(sessionId: string): Promise<UsageRollup>;
}

/** The same for the same answer of the same person. */
export function answerHashOf(gateId: string, answer: CallAnswer, actor: Actor | null): string {
  return sha256Hex(canonicalJson([gateId, answer as Json, actor?.id ?? null]));
}

/** Opens a runtime for one request. */
export type OpenRuntime<Env> = (env: Env, actor: Actor | null) => AgentRuntime;
