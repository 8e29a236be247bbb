import type { BudgetAnswer, UsageAmount } from "../../protocol/budget.ts";
import type { GateRecord, Json, SessionAddress, UsageReport } from "../../protocol/index.ts";
import type { AgentDefinition } from "../define-agent.ts";
import type { AskedCall, OthersAnswer } from "./asked-call.ts";
import type { RunChunks } from "./run-chunks.ts";
import type { OpenCall, Said } from "./transcript.ts";

/** What is stored when a step is done, all of it in the commit that journals the step. */
export interface StepRecord {
  readonly said: readonly Said[];
  /** Null: the step was somebody else's doing. */
  readonly used: UsageReport | null;
  /** For readers, beside what the step has written already. */
  readonly chunks: readonly Json[];
}

export interface JournalOptions {
  /** Milliseconds until the step is tried again; null gives it up. */
  readonly retry: (thrown: unknown, attempt: number) => number | null;
  /** Ends the waiting before the next attempt. */
  readonly signal: AbortSignal;
}

/** A call that another session's agent carries out. */
export interface DelegatedCall {
  readonly open: OpenCall;
  /** Whose call it is. */
  readonly agent: AgentDefinition;
}

/** How such a call stands. */
export type Delegated =
  | { readonly is: "atWork"; readonly child: SessionAddress }
  | { readonly is: "done"; readonly answer: OthersAnswer };

/** Where a run lives: its journal, its messages and its stream. The one seam between the loop and what it runs on. */
export interface RunPort {
  /** All messages there are. */
  read(): readonly Said[];
  /** Runs a step unless it is in the journal, and stores what it gives together with that. @returns what was stored; null: it was in the journal */
  journal(
    step: number,
    name: string,
    body: () => Promise<StepRecord>,
    options: JournalOptions,
  ): Promise<StepRecord | null>;
  /** Has somebody else answer a call, and tells readers. Once for each gate, however often it is asked. @throws SessileError as for any gate */
  ask(call: AskedCall): void | Promise<void>;
  /** How a call stands that somebody else answers; null: nobody was asked. */
  gate(gateId: string): GateRecord | null;
  /** Has another session's agent carry out a call, once however often it is asked. @throws SessileError */
  delegate(call: DelegatedCall): Promise<Delegated>;
  /** Room for one answer in the budgets that count it; what it uses then takes that place. */
  reserve(step: number, amount: UsageAmount): BudgetAnswer;
  /** What it writes for its readers. */
  readonly chunks: RunChunks;
  /** Of a result's JSON. */
  readonly maxOutputChars: number;
  report(message: string, thrown: unknown): void;
}
