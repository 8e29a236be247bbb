import type { WorkContext } from "../../object/works/work-runner.ts";
import type { BudgetAnswer, UsageAmount } from "../../protocol/budget.ts";
import type { GateRecord } from "../../protocol/index.ts";
import type { AskedCall } from "./asked-call.ts";
import type { RunChunks } from "./run-chunks.ts";
import type { Delegated, DelegatedCall, JournalOptions, RunPort, StepRecord } from "./run-port.ts";
import type { Said } from "./transcript.ts";

interface SessionRunOptions {
  readonly work: WorkContext;
  readonly read: () => readonly Said[];
  readonly chunks: RunChunks;
  readonly maxOutputChars: number;
  /** Inside the commit that journals the step. */
  readonly commit: (step: number, record: StepRecord) => void;
  /** Opens the call's gate and tells readers, in one commit. */
  readonly ask: (call: AskedCall) => void;
  readonly gate: (gateId: string) => GateRecord | null;
  readonly delegate: (call: DelegatedCall) => Promise<Delegated>;
  readonly reserve: (step: number, amount: UsageAmount) => BudgetAnswer;
  readonly report: (message: string, thrown: unknown) => void;
}

/** A run in a session's own object: its steps are the steps of the session's work, its chunks those of the session's stream. */
export class SessionRunPort implements RunPort {
  readonly #options: SessionRunOptions;

  constructor(options: SessionRunOptions) {
    this.#options = options;
  }

  get chunks(): RunChunks {
    return this.#options.chunks;
  }

  get maxOutputChars(): number {
    return this.#options.maxOutputChars;
  }

  read(): readonly Said[] {
    return this.#options.read();
  }

  async journal(
    step: number,
    name: string,
    body: () => Promise<StepRecord>,
    options: JournalOptions,
  ): Promise<StepRecord | null> {
    const { work, commit } = this.#options;
    let stored: StepRecord | null = null;
    const run = async () => {
      stored = await body();
      // The messages are events of the same commit: the journal says only that they are there.
      return null;
    };
    await work.step(name, run, { ...options, commit: () => commit(step, stored as StepRecord) });
    return stored;
  }

  ask(call: AskedCall): void {
    this.#options.ask(call);
  }

  gate(gateId: string): GateRecord | null {
    return this.#options.gate(gateId);
  }

  delegate(call: DelegatedCall): Promise<Delegated> {
    return this.#options.delegate(call);
  }

  reserve(step: number, amount: UsageAmount): BudgetAnswer {
    return this.#options.reserve(step, amount);
  }

  report(message: string, thrown: unknown): void {
    this.#options.report(message, thrown);
  }
}
