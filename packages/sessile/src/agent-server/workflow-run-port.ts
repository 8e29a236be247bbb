import type { WorkflowStep } from "cloudflare:workers";
import type { AskedCall } from "../agent/run/asked-call.ts";
import type { RunChunks } from "../agent/run/run-chunks.ts";
import type { RunControl } from "../agent/run/run-control.ts";
import { StepFailure } from "../agent/run/run-loop.ts";
import type { JournalOptions, RunPort, StepRecord } from "../agent/run/run-port.ts";
import type { Said } from "../agent/run/transcript.ts";
import type { BudgetAnswer } from "../protocol/budget.ts";
import { type GateRecord, SessileError, type WireError } from "../protocol/index.ts";
import { checkpointIdOf } from "../protocol/state-store.ts";
import type { RunState } from "./run-state.ts";
import { storedMessage } from "./stored-message.ts";
import { maxOutputChars } from "./workflow-limits.ts";

interface WorkflowRunOptions {
  readonly said: readonly Said[];
  readonly state: RunState;
  readonly step: Pick<WorkflowStep, "do">;
  readonly control: RunControl;
  /** Of this instance. */
  readonly maxSteps: number;
  /** Milliseconds that one answer, with all its attempts, takes at most. */
  readonly stepTimeoutMs: number;
  readonly chunks: RunChunks;
  /** Has others answer a call. */
  readonly ask: (call: AskedCall) => void;
  readonly report: (message: string, thrown: unknown) => void;
}

/** What the engine keeps of a step. Its messages are in the store by then. */
type Entry =
  | { readonly is: "stored" | "moved" | "unstored" }
  /** `error`: one of ours; of any other nothing is kept. */
  | { readonly is: "failed"; readonly error: WireError | null };

/** A run on a Workflow: its steps are the instance's, its messages lie in D1, its chunks in a stream of their own. */
export class WorkflowRunPort implements RunPort {
  readonly maxOutputChars = maxOutputChars;
  readonly #options: WorkflowRunOptions;
  #saving: Promise<unknown> = Promise.resolve();

  constructor(options: WorkflowRunOptions) {
    this.#options = options;
  }

  get chunks(): RunChunks {
    return this.#options.chunks;
  }

  read(): readonly Said[] {
    return this.#options.said;
  }

  async journal(
    step: number,
    name: string,
    body: () => Promise<StepRecord>,
    options: JournalOptions,
  ): Promise<StepRecord | null> {
    const { state, maxSteps, stepTimeoutMs } = this.#options;
    await state.refreshStop();
    if (state.stepsTaken >= maxSteps) state.move();
    let stored: StepRecord | null = null;
    let thrown: unknown = null;
    const config = { retries: { limit: 0, delay: 0 }, timeout: stepTimeoutMs };
    // Errors lose what they are on their way through the engine: so they are answers.
    const entry = await this.#options.step.do(name, config, async (): Promise<Entry> => {
      try {
        const record = await this.#attempt(body, options);
        await this.#store(step, record);
        stored = record;
        return { is: "stored" };
      } catch (failure) {
        thrown = failure;
        if (state.isMoved) return { is: "moved" };
        if (!(failure instanceof StepFailure) && failure instanceof SessileError && failure.retryable)
          return { is: "unstored" };
        const cause = failure instanceof StepFailure ? failure.cause : failure;
        return { is: "failed", error: cause instanceof SessileError ? cause.toWire() : null };
      }
    });
    if (thrown !== null) throw thrown;
    if (entry.is === "failed")
      throw new StepFailure("The step had failed.", {
        cause: entry.error ? SessileError.fromWire(entry.error) : null,
      });
    if (entry.is === "moved") state.move();
    // An instance before this one has done it again since, or this one is to.
    if (entry.is === "unstored")
      throw new SessileError("unavailable", "The step could not be stored.", { retryAfterMs: 1000 });
    return stored;
  }

  async #attempt(body: () => Promise<StepRecord>, { retry }: JournalOptions): Promise<StepRecord> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await body();
      } catch (thrown) {
        const waitMs = retry(thrown, attempt);
        if (waitMs === null) throw thrown;
        await this.#options.control.wait(waitMs);
      }
    }
  }

  /** One after the other, because each save makes the next version. What readers get is there before it counts as done. */
  async #store(step: number, { said, used, chunks }: StepRecord): Promise<void> {
    const { state } = this.#options;
    if (chunks.length > 0) await this.#options.chunks.append(step, chunks);
    if (used) await state.recordUsage(used);
    const isAnswer = said.some(({ message }) => message.role === "assistant");
    const save = () =>
      state.save({
        messages: said.map(storedMessage),
        stepCount: step,
        ...(isAnswer ? { checkpoint: this.#checkpoint(step) } : {}),
      });
    const saved = this.#saving.then(save, save);
    this.#saving = saved.catch(() => undefined);
    await saved;
  }

  #checkpoint(step: number) {
    const random = crypto.randomUUID().slice(0, 6);
    const checkpointId = checkpointIdOf(this.#options.state.sessionId, step, Date.now(), random);
    return { checkpointId, streamSequence: this.#options.chunks.tail };
  }

  ask(call: AskedCall): void {
    this.#options.ask(call);
  }

  gate(gateId: string): GateRecord | null {
    return this.#options.state.gate(gateId);
  }

  /** Nobody else works here. @throws SessileError `rejected` */
  delegate(): never {
    throw new SessileError("rejected", "Sub-agents work for agents in a session.");
  }

  /** Budgets are a session's. */
  reserve(): BudgetAnswer {
    return { is: "reserved" };
  }

  report(message: string, thrown: unknown): void {
    this.#options.report(message, thrown);
  }
}
