import type { UIMessageChunk } from "ai";
import type { WorkContext } from "../object/work-runner.ts";
import type { BudgetAnswer, UsageAmount } from "../protocol/budget.ts";
import type { GateRecord, Json, RunResult, StreamManager, StreamWriter } from "../protocol/index.ts";
import type { AskedCall } from "./asked-call.ts";
import type { Delegated, DelegatedCall, JournalOptions, RunPort, StepRecord } from "./run-port.ts";
import type { Said } from "./transcript.ts";

interface SessionRunOptions {
  readonly work: WorkContext;
  readonly runId: string;
  readonly read: () => readonly Said[];
  readonly writer: StreamWriter;
  readonly streams: StreamManager;
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

/** Chunks on their way to the disk before the model is made to wait. */
const maxUnwritten = 256;

/** A run in a session's own object: its steps are the steps of the session's work, its chunks those of the session's stream. */
export class SessionRunPort implements RunPort {
  readonly #options: SessionRunOptions;
  #unwritten = 0;
  #failure: unknown = null;

  constructor(options: SessionRunOptions) {
    this.#options = options;
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

  async withdraw(step: number): Promise<void> {
    const { streams, runId } = this.#options;
    const info = await streams.getInfo(runId);
    if ((info?.steps.at(-1)?.[0] ?? 0) >= step) await streams.cleanupToStep(runId, step - 1);
    this.#failure = null;
  }

  async write(step: number, chunk: UIMessageChunk): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.#unwritten += 1;
    const written = this.#options.writer
      .append(chunk as unknown as Json, { step })
      .catch((thrown: unknown) => {
        this.#failure ??= thrown;
      })
      .finally(() => {
        this.#unwritten -= 1;
      });
    if (this.#unwritten >= maxUnwritten) await written;
  }

  async drained(): Promise<void> {
    await this.#options.writer.close();
    if (this.#failure) throw this.#failure;
  }

  report(message: string, thrown: unknown): void {
    this.#options.report(message, thrown);
  }
}

/** The chunks that end what a run says, as clients of the AI SDK know them. */
export function endingChunks({ outcome, reason, finishReason }: RunResult): Json[] {
  if (outcome === "completed") return [{ type: "finish", finishReason }];
  const mark = { type: "message-metadata", messageMetadata: { outcome, reason } };
  if (outcome === "failed") return [mark, { type: "error", errorText: reason ?? "" }];
  if (outcome === "aborted") return [mark, { type: "abort" }];
  return [mark, { type: "finish" }];
}
