import type { ModelMessage, UIMessageChunk } from "ai";
import {
  type Json,
  type RunOutcome,
  type RunResult,
  SessileError,
  sha256Hex,
  type UsageReport,
} from "../protocol/index.ts";
import { callModel, type ModelTurn } from "./call-model.ts";
import { callTool, type ToolOutput } from "./call-tool.ts";
import type { AgentDefinition } from "./define-agent.ts";
import { usageOf } from "./model-usage.ts";
import { retryDelayMs } from "./retry-delay.ts";
import type { RunControl } from "./run-control.ts";
import {
  answersOf,
  type Move,
  nextMove,
  type OpenCall,
  promptOf,
  type Said,
  textOf,
  usedBy,
} from "./transcript.ts";

/** What is stored when a step is done, all of it in the commit that journals the step. */
export interface StepRecord {
  readonly said: readonly Said[];
  readonly used: UsageReport;
  /** For readers, beside what the step has written already. */
  readonly chunks: readonly Json[];
}

export interface JournalOptions {
  /** Milliseconds until the step is tried again; null gives it up. */
  readonly retry: (thrown: unknown, attempt: number) => number | null;
  /** Ends the waiting before the next attempt. */
  readonly signal: AbortSignal;
}

/** Where a run lives: its journal, its messages and its stream. */
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
  /** Withdraws what a step has written for readers, if it did not come to its end. */
  withdraw(step: number): Promise<void>;
  /** Resolves once there is room for more. */
  write(step: number, chunk: UIMessageChunk): Promise<void>;
  /** Resolves when what was written is durable. */
  drained(): Promise<void>;
  /** Of a result's JSON. */
  readonly maxOutputChars: number;
  report(message: string, thrown: unknown): void;
}

/** A step that came to no result, as opposed to one that could not be stored. */
class StepFailure extends Error {}

const storeRetryMs = 1000;
/** What a provider calls its calls may be anything. */
const plainId = /^[\x21-\x7e]{1,48}$/;

/** How a run ended, and of a failed one why. */
export interface RunEnd {
  readonly result: RunResult;
  readonly error: SessileError | null;
}

/** Asks the model and carries out its calls until there is nothing more to do. */
export class RunLoop {
  readonly #runId: string;
  readonly #agent: AgentDefinition;
  readonly #port: RunPort;
  readonly #control: RunControl;
  readonly #said: Said[];

  constructor(runId: string, agent: AgentDefinition, port: RunPort, control: RunControl) {
    this.#runId = runId;
    this.#agent = agent;
    this.#port = port;
    this.#control = control;
    this.#said = [...port.read()];
  }

  async run(): Promise<RunEnd> {
    for (;;) {
      const move = this.#next();
      if (move.do === "end") return this.#ended(move.outcome, move.reason);
      try {
        if (move.do === "ask") await this.#ask(move.step);
        else await this.#call(move.step, move.calls);
      } catch (thrown) {
        // What was asked of the run, or its deadline, says how it ends.
        if (this.#next().do === "end") continue;
        if (!(thrown instanceof StepFailure) && thrown instanceof SessileError && thrown.retryable) {
          // The step was done, and could not be stored. It is done again, and its effects know it by their keys.
          await this.#control.wait(storeRetryMs);
          continue;
        }
        return this.#ended("failed", readable(thrown instanceof StepFailure ? thrown.cause : thrown));
      }
    }
  }

  #next(): Move {
    const { maxSteps, maxTokens } = this.#agent;
    return nextMove(this.#said, {
      runId: this.#runId,
      stop: this.#control.stop,
      isOverdue: this.#control.isOverdue,
      maxSteps,
      ...(maxTokens === undefined ? {} : { maxTokens }),
    });
  }

  async #ask(step: number): Promise<void> {
    const { modelAttempts } = this.#agent;
    await this.#journal(
      step,
      String(step),
      () => this.#answer(step),
      (cause, attempt) => (attempt >= modelAttempts ? null : retryDelayMs(cause, attempt, Date.now())),
    );
  }

  async #answer(step: number): Promise<StepRecord> {
    await this.#port.withdraw(step);
    const startedAt = Date.now();
    const turn = await this.#timed((signal) =>
      callModel(this.#agent, promptOf(this.#said), signal, (chunk) => this.#port.write(step, plain(chunk))),
    );
    await this.#port.drained();
    const { name, model, prices } = this.#agent;
    const used = usageOf(turn.usage, prices);
    return {
      said: this.#saidIn(turn, step),
      used: {
        entryId: `${this.#runId}:${step}`,
        kind: "tokens",
        source: "agent",
        name,
        model: (typeof model === "string" ? model : model.modelId).slice(0, 128),
        ...used,
        durationMs: Date.now() - startedAt,
        ref: this.#runId,
      },
      chunks: [],
    };
  }

  #saidIn({ messages, usage, finishReason }: ModelTurn, step: number): readonly Said[] {
    const answer = messages.find(({ role }) => role === "assistant") ?? { role: "assistant", content: [] };
    const results = messages.filter(({ role }) => role === "tool");
    const runId = this.#runId;
    return plain([
      { message: answer as ModelMessage, runId, step, usage, finishReason },
      ...results.map((message) => ({ message, runId, step })),
    ]);
  }

  /** All calls of an answer at once. The others go on when one of them cannot be stored. */
  async #call(step: number, calls: readonly OpenCall[]): Promise<void> {
    const prompt = promptOf(this.#said.slice(0, this.#said.indexOf(calls[0]?.answer as Said)));
    const done = await Promise.allSettled(
      calls.map((open) => {
        const name = `${step}:${idOf(open.call.toolCallId)}`;
        return this.#journal(
          step,
          name,
          () => this.#carryOut(step, open, prompt),
          () => null,
        );
      }),
    );
    const failed = done.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
  }

  async #carryOut(step: number, { call, answer }: OpenCall, messages: ModelMessage[]): Promise<StepRecord> {
    const { toolCallId, toolName } = call;
    const idempotencyKey = `${answer.runId}:${answer.step}:${idOf(toolCallId)}`;
    const startedAt = Date.now();
    const { maxOutputChars } = this.#port;
    const output = await this.#timed((signal) =>
      callTool(this.#agent.tools, call, { idempotencyKey, messages, signal, maxOutputChars }),
    );
    const result = { type: "tool-result" as const, toolCallId, toolName, output };
    return {
      said: plain([{ message: { role: "tool" as const, content: [result] }, runId: this.#runId, step }]),
      used: {
        entryId: idempotencyKey,
        kind: "tool",
        source: "agent",
        name: toolName.slice(0, 128),
        costMicros: 0,
        durationMs: Date.now() - startedAt,
        ref: this.#runId,
      },
      chunks: [plain(outputChunk(toolCallId, output)) as Json],
    };
  }

  async #journal(
    step: number,
    name: string,
    body: () => Promise<StepRecord>,
    delayMs: (cause: unknown, attempt: number) => number | null,
  ): Promise<void> {
    const record = await this.#port.journal(
      step,
      name,
      async () => {
        try {
          this.#control.assertGoesOn();
          const record = await body();
          this.#control.assertNotAborted();
          return record;
        } catch (cause) {
          if (!this.#control.isEnding) this.#port.report(`Step ${name} of a run failed`, cause);
          throw new StepFailure("The step failed.", { cause });
        }
      },
      {
        signal: this.#control.ending,
        retry: (thrown, attempt) => {
          if (this.#control.isEnding || !(thrown instanceof StepFailure)) return null;
          return delayMs(thrown.cause, attempt);
        },
      },
    );
    if (!record)
      throw new SessileError("internal", `Step ${name} is in the journal, and its messages are not there.`);
    this.#said.push(...record.said);
  }

  /** Bounds one answer or call; the timer is called off, or it would keep the instance awake for nothing. */
  async #timed<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { stepTimeoutMs } = this.#agent;
    const overdue = new AbortController();
    const late = new SessileError("unavailable", `The step took longer than ${stepTimeoutMs} ms.`);
    const timer = setTimeout(() => overdue.abort(late), stepTimeoutMs);
    try {
      return await body(AbortSignal.any([overdue.signal, this.#control.aborted]));
    } finally {
      clearTimeout(timer);
    }
  }

  #ended(outcome: RunOutcome, why: string | SessileError | null): RunEnd {
    return endOf({ runId: this.#runId, agent: this.#agent.name, said: this.#said }, outcome, why);
  }
}

/** What there is of a run that has come to its end. */
export function endOf(
  { runId, agent, said }: { readonly runId: string; readonly agent: string; readonly said: readonly Said[] },
  outcome: RunOutcome,
  why: string | SessileError | null,
): RunEnd {
  const answers = answersOf(said, runId);
  const last = answers.at(-1);
  const reason = why instanceof SessileError ? why.message : why;
  const result = {
    runId,
    agent,
    outcome,
    text: last ? textOf(last) : "",
    steps: last?.step ?? 0,
    finishReason: last?.finishReason ?? null,
    reason,
    usage: usedBy(answers),
  };
  if (outcome !== "failed") return { result, error: null };
  return {
    result,
    error: why instanceof SessileError ? why : new SessileError("rejected", why ?? "The run failed."),
  };
}

/** Our own errors are written to be read; what a provider says may hold anything. */
function readable(thrown: unknown): SessileError {
  return thrown instanceof SessileError
    ? thrown
    : new SessileError("internal", "The model could not answer.");
}

function idOf(toolCallId: string): string {
  return plainId.test(toolCallId) ? toolCallId : sha256Hex(toolCallId).slice(0, 32);
}

function outputChunk(toolCallId: string, output: ToolOutput): UIMessageChunk {
  if (output.type === "error-text") return { type: "tool-output-error", toolCallId, errorText: output.value };
  const value = "value" in output ? output.value : null;
  return { type: "tool-output-available", toolCallId, output: value };
}

/** As JSON has it: without what is not there. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
