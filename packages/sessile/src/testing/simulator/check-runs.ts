import { isDeepStrictEqual } from "node:util";
import type { ModelMessage, ToolResultPart } from "ai";
import type { Said } from "../../agent/run/transcript.ts";
import type { SessionEvent } from "../../protocol/event.ts";
import type { Json } from "../../protocol/json.ts";
import type { AgentState, RunResult } from "../../protocol/run.ts";
import type { SystemEventPayloads } from "../../protocol/system-event.ts";
import type { SessionView } from "../../protocol/view.ts";
import type { Promised } from "./ledger.ts";
import type { LogFollower } from "./log-follower.ts";
import { type Effect, RunBook, type ScriptedAnswer } from "./run-book.ts";
import { usageOfAnswer } from "./scripted-model.ts";
import type { SessionObject } from "./session-object.ts";
import type { SimulatedState } from "./simulated-kind.ts";

type Fail = (what: string) => void;
type Payloads = SystemEventPayloads;
type Message = Said & { readonly previous: number | null };

/** What is known of a run from the events so far. */
interface Known {
  readonly runId: string;
  /** Of its answers, by their steps. */
  readonly texts: Map<number, string>;
  /** Answers since it was asked to stop. */
  answersSinceStop: number;
  result: RunResult | null;
  isClosed: boolean;
}

/** A call of an answer that is in the log. */
interface KnownCall {
  readonly toolName: string;
  readonly input: Json;
  readonly saidAt: number;
  /** When it was allowed, and with what; null: it waits, or was refused. */
  allowed: { readonly seq: number; readonly input: Json } | null;
  resultAt: number | null;
  result: ToolResultPart["output"] | null;
}

/**
 * Runs against what the model said and the tools did, read from the events by no code of theirs: each answer once and whole, each call
 * carried out as it was allowed and never after its result, each counted once, and none left behind.
 */
export class RunCheck {
  readonly #log: LogFollower;
  readonly #answers: readonly ScriptedAnswer[];
  readonly #effects: readonly Effect[];
  readonly #promises: readonly Promised[];
  readonly #fail: Fail;
  readonly #runs = new Map<string, Known>();
  readonly #calls = new Map<string, KnownCall>();
  readonly #said = new Set<string>();
  readonly #counted = new Map<string, Payloads["usage.recorded"]>();
  #head: number | null = null;
  /** Calls of the last answer, unless something was said since. */
  #asked: readonly string[] = [];

  readonly #takes: { readonly [type: string]: (payload: never, event: SessionEvent) => void } = {
    "message.created": (message: Message, { seq }: SessionEvent) => this.#took(message, seq),
    "usage.recorded": (entry: Payloads["usage.recorded"]) => this.#count(entry),
    "gate.answered": (answered: Payloads["gate.answered"], { seq }: SessionEvent) =>
      this.#answered(answered, seq),
    "stream.opened": ({ streamId }: Payloads["stream.opened"]) => {
      if (streamId.startsWith("run")) this.#run(streamId);
    },
    "stream.ended": ({ streamId, output }: Payloads["stream.ended"]) =>
      this.#ended(streamId, output as RunResult | null),
    "stream.failed": ({ streamId, error }: Payloads["stream.failed"]) => {
      // What is in the journal is in the log: a run that finds it otherwise has lost something.
      if (error.message.includes("journal")) this.#fail(`${streamId} failed: ${error.message}`);
      this.#ended(streamId, null);
    },
  };

  constructor(
    object: SessionObject,
    book: RunBook,
    log: LogFollower,
    promises: readonly Promised[],
    fail: Fail,
  ) {
    this.#log = log;
    this.#promises = promises;
    this.#answers = book.answers;
    this.#effects = book.effects.get(object) ?? [];
    this.#fail = fail;
  }

  run(): void {
    for (const event of this.#log.events) this.#takes[event.type]?.(event.payload as never, event);
    for (const effect of this.#effects) this.#checkEffect(effect);
    for (const [toolCallId, call] of this.#calls) this.#checkCall(toolCallId, call);
    for (const run of this.#runs.values()) this.#checkRun(run);
    for (const promised of this.#promises) this.#checkStop(promised);
    this.#checkRest();
  }

  #run(runId: string): Known {
    let run = this.#runs.get(runId);
    if (!run) {
      run = { runId, texts: new Map(), answersSinceStop: 0, result: null, isClosed: false };
      this.#runs.set(runId, run);
    }
    return run;
  }

  #took({ message, runId, step, usage, previous }: Message, seq: number): void {
    if (previous !== this.#head)
      this.#fail(`message ${seq} follows ${previous}; the newest is ${this.#head}`);
    this.#head = seq;
    if (message.role === "user") {
      this.#once(String(message.content), `what was asked at ${seq}`);
      this.#asked = [];
    }
    if (message.role === "tool")
      for (const part of message.content) if (part.type === "tool-result") this.#gave(part, seq);
    if (message.role !== "assistant") return;
    const run = this.#run(runId);
    if (step !== Math.max(0, ...run.texts.keys()) + 1)
      this.#fail(`answer ${seq} is step ${step} of ${runId}`);
    if (!isDeepStrictEqual(usage, usageOfAnswer)) this.#fail(`answer ${seq} used ${JSON.stringify(usage)}`);
    const { active } = agentIn(this.#log.viewAt(seq - 1));
    if (active?.runId !== runId) this.#fail(`answer ${seq} is of ${runId}; ${active?.runId} goes on`);
    if (active?.stop && ++run.answersSinceStop > 1)
      this.#fail(`${runId} goes on asking after ${active.stop}`);
    const open = this.#asked.find((toolCallId) => this.#calls.get(toolCallId)?.resultAt === null);
    if (open !== undefined) this.#fail(`answer ${seq} was asked for before ${open} had its result`);
    this.#checkAnswer(message, seq);
    run.texts.set(step, textIn(message));
  }

  /** It is what a model said to its end, and the only such. */
  #checkAnswer(message: ModelMessage, seq: number): void {
    const text = textIn(message);
    const calls = callsIn(message);
    this.#asked = calls.map(({ toolCallId }) => toolCallId);
    if (text === "" && calls.length === 0) return;
    const isIt = (answer: ScriptedAnswer) => answer.text === text && isDeepStrictEqual(answer.calls, calls);
    const answer = this.#answers.find(isIt);
    if (!answer) this.#fail(`no model gave the answer ${seq}: ${JSON.stringify(message)}`);
    else this.#once(answer.name, `the answer ${seq}`);
    for (const { toolCallId, toolName, input } of calls)
      this.#calls.set(toolCallId, {
        toolName,
        input,
        saidAt: seq,
        allowed: null,
        resultAt: null,
        result: null,
      });
  }

  #once(name: string, what: string): void {
    if (this.#said.has(name)) this.#fail(`${what} is in the log twice: ${name}`);
    this.#said.add(name);
  }

  #gave({ toolCallId, output }: ToolResultPart, seq: number): void {
    const call = this.#calls.get(toolCallId);
    if (!call || call.resultAt !== null)
      this.#fail(`${toolCallId} has a result at ${seq} and ${call?.resultAt}`);
    if (!call) return;
    call.resultAt = seq;
    call.result = output;
  }

  #answered({ gateId, answer, arguments: changed }: Payloads["gate.answered"], seq: number): void {
    const { call: about } = this.#log.viewAt(seq - 1)?.gates[gateId] ?? {};
    const call = this.#calls.get(about?.callId ?? "");
    if (call && answer === "approve") call.allowed = { seq, input: changed ?? call.input };
  }

  #count(entry: Payloads["usage.recorded"]): void {
    if (this.#counted.has(entry.entryId)) this.#fail(`${entry.entryId} is counted twice`);
    this.#counted.set(entry.entryId, entry);
  }

  #ended(runId: string, result: RunResult | null): void {
    const run = this.#runs.get(runId);
    if (!run) return;
    run.isClosed = true;
    run.result = result;
  }

  /** After its answer was on disk, before its result was, and as it was allowed. */
  #checkEffect({ toolCallId, key, input, calledAt, doneAt }: Effect): void {
    const call = this.#calls.get(toolCallId);
    if (!call || call.saidAt > doneAt) {
      this.#fail(`${toolCallId} was carried out at ${doneAt}; its answer is at ${call?.saidAt}`);
      return;
    }
    if (call.resultAt !== null && call.resultAt <= calledAt)
      this.#fail(`${toolCallId} was carried out again at ${calledAt}; its result is at ${call.resultAt}`);
    const other = this.#effects.find((one) => one.toolCallId === toolCallId && one.key !== key);
    if (other) this.#fail(`${toolCallId} was carried out as ${key} and ${other.key}`);
    const allowed = call.toolName === "pay" ? call.allowed : { seq: 0, input: call.input };
    if (!allowed || allowed.seq > doneAt || !isDeepStrictEqual(allowed.input, input))
      this.#fail(
        `${toolCallId} was carried out with ${JSON.stringify(input)}; ${JSON.stringify(allowed)} was allowed`,
      );
  }

  /** A result that a tool gave is one of an effect. */
  #checkCall(toolCallId: string, { toolName, result }: KnownCall): void {
    if (result?.type !== "text" || toolName === "locate") return;
    const isDone = this.#effects.some((effect) => effect.toolCallId === toolCallId);
    if (!isDone || result.value !== RunBook.resultOf(toolCallId))
      this.#fail(`${toolCallId} gave ${result.value}, and was ${isDone ? "" : "not "}carried out`);
  }

  #checkRun({ runId, texts, result, isClosed }: Known): void {
    for (const step of texts.keys())
      if (this.#counted.get(`${runId}:${step}`)?.inputTokens !== usageOfAnswer.inputTokens)
        this.#fail(`step ${step} of ${runId} is not counted`);
    const counted = [...this.#counted.values()].filter(({ kind, ref }) => kind === "tokens" && ref === runId);
    if (counted.length !== texts.size)
      this.#fail(`${counted.length} answers of ${runId} are counted, of ${texts.size}`);
    const chunks = (this.#log.stream(runId)?.chunks ?? []).filter(({ isWithdrawn }) => !isWithdrawn);
    const parts = chunks.map(({ text }) => text as unknown as Chunk);
    const shown = parts.map(({ type, delta }) => (type === "text-delta" ? delta : "")).join("");
    const said = [...texts.values()].join("");
    // What broke off stays where the run has ended on it, or is at it.
    const isWhole =
      result?.outcome === "completed" || (result?.outcome === "exhausted" && result.reason !== "deadline");
    if (isWhole ? shown !== said : !shown.startsWith(said))
      this.#fail(`readers of ${runId} have "${shown}"; it said "${said}"`);
    const told = parts.flatMap(({ type, toolCallId }) =>
      type.startsWith("tool-output-") ? [toolCallId] : [],
    );
    if (new Set(told).size !== told.length) this.#fail(`readers of ${runId} were told twice: ${told}`);
    if (!result) return;
    const { steps, usage, text } = result;
    const expected = {
      steps: Math.max(0, ...texts.keys()),
      tokens: texts.size * 10,
      text: [...texts.values()].at(-1) ?? "",
    };
    if (!isDeepStrictEqual({ steps, tokens: usage.totalTokens, text }, expected) || !isClosed)
      this.#fail(`${runId} ended with ${JSON.stringify(result)}; the log has ${JSON.stringify(expected)}`);
  }

  /** A wish to stop that was taken is in the state, where whoever takes over the run finds it, or has ended the run. */
  #checkStop({ id, command, sentAt, told }: Promised): void {
    if (command.op !== "call" || command.method !== "stopRun") return;
    if (told.is !== "done" || told.result !== true) return;
    for (let seq = Math.max(1, sentAt); seq <= told.at; seq++) {
      const { active, last } = agentIn(this.#log.viewAt(seq));
      if (active?.stop || (last !== null && last !== agentIn(this.#log.viewAt(seq - 1)).last)) return;
    }
    this.#fail(`${id} was told that the run will stop, and nothing says so`);
  }

  /** Nobody is at work, and who waits waits for somebody. */
  #checkRest(): void {
    const { active, head } = agentIn(this.#log.view);
    if (head !== this.#head) this.#fail(`the newest message is ${head}; the log has ${this.#head}`);
    for (const { runId, isClosed } of this.#runs.values())
      if (isClosed === (runId === active?.runId)) this.#fail(`${runId} is ${isClosed ? "" : "not "}closed`);
    if (!active) return;
    const isAsked = active.suspended?.calls.some(({ gateId }) => gateId in this.#log.view.gates);
    if (!isAsked || active.stop) this.#fail(`${active.runId} is left behind: ${JSON.stringify(active)}`);
  }
}

interface Chunk {
  readonly type: string;
  readonly delta?: string;
  readonly toolCallId?: string;
}

function agentIn(view: SessionView | undefined): AgentState {
  return (view?.state as SimulatedState | undefined)?.agent ?? { head: null, active: null, last: null };
}

function textIn({ content }: ModelMessage): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function callsIn({ content }: ModelMessage): { toolCallId: string; toolName: string; input: Json }[] {
  if (typeof content === "string") return [];
  return content.flatMap((part) => {
    if (part.type !== "tool-call") return [];
    const { toolCallId, toolName, input } = part;
    return [{ toolCallId, toolName, input: input as Json }];
  });
}
