import type { SubjectName } from "../subjects.ts";

interface Target {
  readonly base: string;
  readonly subject: SubjectName;
  readonly session: string;
}

/** Appends for a while with a fixed number in flight on one socket. */
export interface AppendJob extends Target {
  readonly kind: "append";
  readonly inFlight: number;
  readonly perFrame: number;
  readonly warmupMs: number;
  readonly ms: number;
}

/** Appends a fixed number of events. */
export interface FillJob extends Target {
  readonly kind: "fill";
  readonly events: number;
  readonly inFlight: number;
  readonly perFrame: number;
}

/** Many sessions, one socket each, one append in flight on each. */
export interface SpreadJob extends Target {
  readonly kind: "spread";
  readonly sessions: number;
  readonly ms: number;
}

/** One writer with 64 in flight, many readers. */
export interface FanoutJob extends Target {
  readonly kind: "fanout";
  readonly readers: number;
  readonly events: number;
}

/** A fresh client reads the log from the beginning. */
export interface CatchupJob extends Target {
  readonly kind: "catchup";
  readonly events: number;
}

/** A client that is `behind` events short of the end of a log of `events` opens a socket and catches up, `times` over. */
export interface ResumeJob extends Target {
  readonly kind: "resume";
  readonly events: number;
  readonly behind: number;
  readonly times: number;
}

/** Opens a writer and keeps it, so that it hibernates with its object. */
export interface HoldJob extends Target {
  readonly kind: "hold";
}

/** One append on the held socket. */
export interface PokeJob extends Target {
  readonly kind: "poke";
}

/** One writer changes a state of so many characters and messages; readers hear of it. */
export interface StateJob extends Target {
  readonly kind: "state";
  readonly chars: number;
  readonly messages: number;
  readonly change: "count" | "grow";
  readonly readers: number;
  readonly inFlight: number;
  readonly updates: number;
}

export type Job =
  | StateJob
  | AppendJob
  | FillJob
  | SpreadJob
  | FanoutJob
  | CatchupJob
  | ResumeJob
  | HoldJob
  | PokeJob;

export interface JobResult {
  readonly events: number;
  readonly ms: number;
  /** Of single acknowledgements, sorted; at most some thousands. Empty where it makes no sense. */
  readonly latenciesMs: readonly number[];
  /** Of the frames one reader got, sorted. */
  readonly frameBytes?: readonly number[];
}

export type JobMessage = { readonly id: number; readonly job: Job };
export type JobReply =
  | { readonly id: number; readonly result: JobResult }
  | { readonly id: number; readonly error: string };
