import type { JSONValue, ModelMessage, ToolCallPart } from "ai";
import {
  type Json,
  type PendingRunCall,
  type RunChild,
  SessileError,
  type SuspendedRun,
  type UsageReport,
} from "../../protocol/index.ts";
import { modelError } from "../../protocol/model-error.ts";
import type { AgentDefinition } from "../define-agent.ts";
import { askedAbout, type OthersAnswer, settledCall } from "./asked-call.ts";
import { answerId, callIdOf, callKey } from "./call-key.ts";
import { callModel, type ModelTurn } from "./call-model.ts";
import { callTool, errorOutput, misfitOf, modelOutput, type ToolOutput } from "./call-tool.ts";
import { GrowingPrompt } from "./growing-prompt.ts";
import { usageOf } from "./model-usage.ts";
import { plain } from "./plain.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { isDelegated } from "./run-children.ts";
import type { RunControl } from "./run-control.ts";
import { endOf, type RunEnd } from "./run-end.ts";
import type { RunPort, StepRecord } from "./run-port.ts";
import { SentPrompt } from "./sent-prompt.ts";
import { resultChunks, resultMessage } from "./tool-result.ts";
import { lastAnswer, type Move, nextMove, type OpenCall, type Said } from "./transcript.ts";
import { untilAborted } from "./until-aborted.ts";

/** A step that came to no result, as opposed to one that could not be stored. */
export class StepFailure extends Error {}

const storeRetryMs = 1000;

/** Asks the model and carries out its calls until there is nothing more to do, or nothing that others need not do first. */
export class RunLoop {
  readonly #runId: string;
  readonly #agent: AgentDefinition;
  readonly #port: RunPort;
  readonly #control: RunControl;
  readonly #said: Said[];
  readonly #prompt = new GrowingPrompt();
  readonly #sent = new SentPrompt();
  /** Calls that sub-agents are at, by their keys. */
  readonly #delegated = new Map<string, RunChild>();

  constructor(runId: string, agent: AgentDefinition, port: RunPort, control: RunControl) {
    this.#runId = runId;
    this.#agent = agent;
    this.#port = port;
    this.#control = control;
    this.#said = [...port.read()];
  }

  async run(): Promise<RunEnd | SuspendedRun> {
    for (;;) {
      const move = this.#next();
      if (move.do === "end") return endOf(this.#run, move.outcome, move.reason);
      if (move.do === "wait") return this.#suspended(move.step, move.calls);
      try {
        if (move.do === "ask") {
          const end = this.#withoutRoom(move.step);
          if (end) return end;
          await this.#ask(move.step);
        } else await this.#call(move.step, move.calls);
      } catch (thrown) {
        // What was asked of the run, or its deadline, says how it ends.
        if (this.#next().do === "end") continue;
        if (!(thrown instanceof StepFailure) && thrown instanceof SessileError && thrown.retryable) {
          // The step was done, and could not be stored. It is done again, and its effects know it by their keys.
          await this.#control.wait(storeRetryMs);
          continue;
        }
        return endOf(this.#run, "failed", modelError(thrown instanceof StepFailure ? thrown.cause : thrown));
      }
    }
  }

  get #run() {
    return { runId: this.#runId, agent: this.#agent.name, said: this.#said };
  }

  #suspended(step: number, open: readonly OpenCall[]): SuspendedRun {
    const children = [...this.#delegated.values()];
    const calls = open.flatMap((one): PendingRunCall[] => {
      const { toolCallId, toolName } = one.call;
      const gateId = callKey(one);
      const record = this.#port.gate(gateId);
      return record ? [{ gateId, kind: record.gate.kind ?? "approval", toolCallId, toolName }] : [];
    });
    const onlyCalls = children.length === 0 ? "suspended_client_tool" : "suspended_step_partial";
    return { outcome: calls.length === 0 ? "suspended_awaiting_children" : onlyCalls, step, calls, children };
  }

  #next(): Move {
    const { maxSteps, maxTokens } = this.#agent;
    return nextMove(this.#said, {
      runId: this.#runId,
      stop: this.#control.stop,
      isOverdue: this.#control.isOverdue,
      maxSteps,
      ...(maxTokens === undefined ? {} : { maxTokens }),
      waits: (open) => this.#delegated.has(callKey(open)) || this.#port.gate(callKey(open))?.outcome === null,
    });
  }

  /** How the run stops before it asks the model, if a budget has no room for one more answer. */
  #withoutRoom(step: number): RunEnd | SuspendedRun | null {
    const { reserve, prices } = this.#agent;
    const { usage } = lastAnswer(this.#said, this.#runId) ?? {};
    const expected = usage && { ...usageOf(usage, prices), tokens: usage.inputTokens + usage.outputTokens };
    const amount = reserve ?? { tokens: expected?.tokens ?? 0, costMicros: expected?.costMicros ?? 0 };
    const room = this.#port.reserve(step, amount);
    if (room.is === "reserved") return null;
    if (room.is === "refused") return endOf(this.#run, "exhausted", "budget");
    return {
      outcome: "suspended_budget",
      step,
      calls: [{ gateId: room.gateId, kind: "approval" }],
      children: [],
    };
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
    await this.#port.chunks.withdraw(step);
    const startedAt = Date.now();
    const messages = this.#prompt.of(this.#said);
    const prompt = this.#sent.of(this.#agent.model, messages, this.#prompt.settled);
    const turn = await this.#timed((signal) =>
      callModel(this.#agent, prompt, signal, (chunk) => this.#port.chunks.write(step, plain(chunk))),
    );
    await this.#port.chunks.drained();
    const { name, model, prices } = this.#agent;
    const used = usageOf(turn.usage, prices);
    return {
      said: this.#saidIn(turn, step),
      used: {
        entryId: answerId(this.#runId, step),
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
    const prompt = this.#prompt.beforeLastTurn(this.#said);
    const done = await Promise.allSettled(calls.map((open) => this.#answerCall(step, open, prompt)));
    const failed = done.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
  }

  /** Asks those who are to answer it; if nobody is, or they have, the call gets its result. */
  async #answerCall(step: number, open: OpenCall, prompt: ModelMessage[]): Promise<void> {
    const settled = await this.#fromOthers(step, open, prompt);
    if (settled === "asked") return;
    await this.#journal(
      step,
      `${step}:${callIdOf(open.call.toolCallId)}`,
      () => this.#resultOf(step, open, prompt, settled),
      () => null,
    );
  }

  async #fromOthers(
    step: number,
    open: OpenCall,
    prompt: ModelMessage[],
  ): Promise<"asked" | OthersAnswer | null> {
    const { maxCalls } = this.#agent;
    if (open.index >= maxCalls) return { do: "tell", output: tooMany(maxCalls) };
    if (this.#port.gate(callKey(open))) return null;
    this.#control.assertGoesOn();
    try {
      const isOthers = isDelegated(this.#agent, open.call.toolName);
      return await (isOthers ? this.#delegate(open) : this.#askOthers(step, open, prompt));
    } catch (thrown) {
      if (!(thrown instanceof SessileError) || thrown.retryable || this.#control.isEnding) throw thrown;
      return { do: "tell", output: errorOutput(thrown) };
    }
  }

  async #delegate(open: OpenCall): Promise<"asked" | OthersAnswer> {
    const { toolCallId, toolName } = open.call;
    const call = { open, agent: this.#agent };
    const asked = await this.#timed((signal) => untilAborted(this.#port.delegate(call), signal));
    if (asked.is === "done") return asked.answer;
    const { kind, name } = asked.child;
    this.#delegated.set(callKey(open), { kind, name, toolCallId, toolName });
    return "asked";
  }

  /** @returns null if nobody is asked about such a call */
  async #askOthers(step: number, open: OpenCall, prompt: ModelMessage[]): Promise<"asked" | null> {
    const asked = await this.#timed((signal) => askedAbout(this.#agent.tools, open.call, prompt, signal));
    if (!asked) return null;
    this.#control.assertGoesOn();
    const { toolCallId, toolName, input } = open.call;
    const gateId = callKey(open);
    await this.#port.ask({ ...asked, gateId, toolCallId, toolName, input: input as Json, step });
    return "asked";
  }

  /** A call's result, and what its gate came to, for the model and for readers. */
  async #resultOf(
    step: number,
    open: OpenCall,
    messages: ModelMessage[],
    given: OthersAnswer | null,
  ): Promise<StepRecord> {
    const record = this.#port.gate(callKey(open));
    const settled = record && settledCall(record, open.call);
    const isChanged = settled?.do === "carryOut" && settled.isChanged;
    const call = isChanged ? { ...open.call, input: settled.input } : open.call;
    const { output, used } = await this.#outputOf(call, callKey(open), messages, given ?? settled);
    const said = { message: resultMessage(call, output), runId: this.#runId, step };
    return {
      said: plain([{ ...said, ...(isChanged ? { input: call.input as JSONValue } : {}) }]),
      used,
      chunks: resultChunks(call, output, record && settled ? { record, settled } : null),
    };
  }

  async #outputOf(
    call: ToolCallPart,
    idempotencyKey: string,
    messages: ModelMessage[],
    settled: OthersAnswer | null,
  ): Promise<{ readonly output: ToolOutput; readonly used: UsageReport | null }> {
    const { tools } = this.#agent;
    const { maxOutputChars } = this.#port;
    const { used = null } = settled ?? {};
    if (settled?.do === "tell") return { output: settled.output, used };
    if (settled?.do === "give")
      return { output: await modelOutput(tools, call, settled.output, maxOutputChars), used };
    const misfit = settled?.isChanged ? await misfitOf(tools, call) : null;
    if (misfit) return { output: misfit, used };
    const startedAt = Date.now();
    const report = (thrown: unknown) => this.#port.report(`The tool ${call.toolName} failed`, thrown);
    const output = await this.#timed((signal) =>
      callTool(tools, call, { idempotencyKey, messages, signal, maxOutputChars, report }),
    );
    const taken = {
      entryId: idempotencyKey,
      kind: "tool" as const,
      source: "agent",
      name: call.toolName.slice(0, 128),
      costMicros: 0,
      durationMs: Date.now() - startedAt,
      ref: this.#runId,
    };
    return { output, used: taken };
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
    const timer = setTimeout(() => overdue.abort(overdueStep(stepTimeoutMs)), stepTimeoutMs);
    try {
      return await body(AbortSignal.any([overdue.signal, this.#control.aborted]));
    } finally {
      clearTimeout(timer);
    }
  }
}

function tooMany(maxCalls: number): ToolOutput & { readonly type: "error-text" } {
  return {
    type: "error-text",
    value: `This call was not made: one answer may have ${maxCalls} calls. Make it with the next.`,
  };
}

function overdueStep(stepTimeoutMs: number): SessileError {
  return new SessileError("unavailable", `The step took longer than ${stepTimeoutMs} ms.`);
}
