import type {
  AssistantModelMessage,
  JSONValue,
  ModelMessage,
  ToolCallPart,
  ToolModelMessage,
  ToolResultPart,
} from "ai";
import type { RunOutcome, RunStop, RunUsage } from "../../protocol/index.ts";

/** One message of a session of agents, as the log has it. */
export type Said = {
  readonly message: ModelMessage;
  /** The run it came in, and that run's step. */
  readonly runId: string;
  readonly step: number;
  /** Of an answer. */
  readonly usage?: Omit<RunUsage, "totalTokens">;
  readonly finishReason?: string;
  /** Of a result: what the call was carried out with, if that was changed by whoever approved it. */
  readonly input?: JSONValue;
};

/** A call that has no result, with the answer it stands in. */
export interface OpenCall {
  readonly call: ToolCallPart;
  /** Its place among the answer's calls. */
  readonly index: number;
  readonly answer: Said;
}

/** What bounds a run. */
export interface RunBounds {
  readonly runId: string;
  readonly stop: RunStop | null;
  readonly isOverdue: boolean;
  readonly maxSteps: number;
  readonly maxTokens?: number;
  /** Whether somebody else has still to answer this call. */
  readonly waits: (open: OpenCall) => boolean;
}

export type Move =
  | { readonly do: "ask"; readonly step: number }
  | { readonly do: "call" | "wait"; readonly step: number; readonly calls: readonly OpenCall[] }
  | { readonly do: "end"; readonly outcome: RunOutcome; readonly reason: string | null };

const maxEmptyTurns = 10;
const maxIdenticalTurns = 5;

/**
 * What a run does next. It follows from the messages and the bounds alone, so whoever takes a run over does what the one before
 * would have done.
 */
export function nextMove(said: readonly Said[], bounds: RunBounds): Move {
  const answer = lastAnswer(said, bounds.runId);
  // Not their number: what is oldest of a long run may lie in the archive.
  const step = answer?.step ?? 0;
  const calls = openCalls(said);
  if (calls.length === 0 && answer && answer === said.at(-1) && !isEmpty(answer)) return end("completed");
  if (bounds.stop) return end(bounds.stop === "abort" ? "aborted" : "interrupted");
  if (bounds.isOverdue) return end("exhausted", "deadline");
  if (trailing(said, bounds.runId, isEmpty) >= maxEmptyTurns)
    return end("failed", `The model gave ${maxEmptyTurns} empty answers in a row.`);
  const newest = answer && turnText(answer);
  if (trailing(said, bounds.runId, (one) => !isEmpty(one) && turnText(one) === newest) >= maxIdenticalTurns)
    return end("failed", `The model gave ${maxIdenticalTurns} identical answers in a row.`);
  const ready = calls.filter((open) => !bounds.waits(open));
  if (ready.length > 0) return { do: "call", step, calls: ready };
  if (calls.length > 0) return { do: "wait", step, calls };
  if (step >= bounds.maxSteps) return end("exhausted", "steps");
  const { maxTokens } = bounds;
  if (maxTokens !== undefined && usedBy(answersOf(said, bounds.runId)).totalTokens >= maxTokens)
    return end("exhausted", "tokens");
  return { do: "ask", step: step + 1 };
}

/**
 * The conversation as a model gets it: results in the order of their calls, every call with one, no empty answers.
 *
 * @param from which of the messages it begins with
 * @param to before which it ends
 */
export function promptOf(said: readonly Said[], from = 0, to = said.length): ModelMessage[] {
  return said.slice(from, to).flatMap((one, index): ModelMessage[] => {
    const { message } = one;
    // Results go with the answer that asked for them.
    if (message.role === "tool") return [];
    if (message.role !== "assistant") return [message];
    if (isEmpty(one)) return [];
    const calls = callsOf(one);
    if (calls.length === 0) return [message];
    const results = resultsAfter(said, from + index);
    const content = calls.map((call) => results.get(call.toolCallId)?.part ?? unfinished(call));
    return [withInputs(message, results), { role: "tool", content }];
  });
}

/** Calls of the last answer that have no result, unless somebody has said something since. */
export function openCalls(said: readonly Said[]): readonly OpenCall[] {
  const at = lastTurn(said);
  const answer = said[at];
  if (answer?.message.role !== "assistant") return [];
  const results = resultsAfter(said, at);
  return callsOf(answer)
    .map((call, index) => ({ call, index, answer }))
    .filter(({ call }) => !results.has(call.toolCallId));
}

/** Where the last message is that is no result; -1 without one. */
export function lastTurn(said: readonly Said[]): number {
  return said.findLastIndex(({ message }) => message.role !== "tool");
}

export function lastAnswer(said: readonly Said[], runId: string): Said | undefined {
  return said.findLast((one) => isAnswer(one, runId));
}

export function answersOf(said: readonly Said[], runId: string): readonly Said[] {
  return said.filter((one) => isAnswer(one, runId));
}

function isAnswer({ message, runId: of }: Said, runId: string): boolean {
  return of === runId && message.role === "assistant";
}

export function usedBy(answers: readonly Said[]): RunUsage {
  const sum = (field: keyof NonNullable<Said["usage"]>) =>
    answers.reduce((total, { usage }) => total + (usage?.[field] ?? 0), 0);
  const [inputTokens, outputTokens] = [sum("inputTokens"), sum("outputTokens")];
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
}

export function textOf({ message: { role, content } }: Said): string {
  if (role !== "assistant") return "";
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function end(outcome: RunOutcome, reason: string | null = null): Move {
  return { do: "end", outcome, reason };
}

/** Calls that this side carries out, each id once. */
function callsOf({ message: { role, content } }: Said): readonly ToolCallPart[] {
  if (role !== "assistant" || typeof content === "string") return [];
  const calls = content.filter((part) => part.type === "tool-call" && !part.providerExecuted);
  return [...new Map((calls as ToolCallPart[]).map((call) => [call.toolCallId, call])).values()];
}

/** Results by their call's id, and what the calls were carried out with if that was changed. */
type Results = ReadonlyMap<string, { readonly part: ToolResultPart; readonly input: JSONValue | undefined }>;

function resultsAfter(said: readonly Said[], at: number): Results {
  const results = new Map<string, { part: ToolResultPart; input: JSONValue | undefined }>();
  for (let index = at + 1; said[index]?.message.role === "tool"; index++) {
    const { message, input } = said[index] as Said & { readonly message: ToolModelMessage };
    for (const part of message.content)
      if (part.type === "tool-result") results.set(part.toolCallId, { part, input });
  }
  return results;
}

/** A model that read a result beside arguments which did not lead to it would draw wrong conclusions. */
function withInputs(message: AssistantModelMessage, results: Results): AssistantModelMessage {
  if (typeof message.content === "string") return message;
  const content = message.content.map((part) => {
    if (part.type !== "tool-call") return part;
    const input = results.get(part.toolCallId)?.input;
    return input === undefined ? part : { ...part, input };
  });
  return { ...message, content };
}

function unfinished({ toolCallId, toolName }: ToolCallPart): ToolResultPart {
  const value = "This call was not finished. It may or may not have been carried out.";
  return { type: "tool-result", toolCallId, toolName, output: { type: "error-text", value } };
}

function isEmpty(answer: Said): boolean {
  const { content } = answer.message;
  if (textOf(answer).trim() !== "") return false;
  return typeof content === "string" || content.every(({ type }) => type === "text" || type === "reasoning");
}

/** What an answer says and asks for, without the ids of its calls. */
function turnText(answer: Said): string {
  const calls = callsOf(answer).map(({ toolName, input }) => [toolName, input]);
  return JSON.stringify([textOf(answer), calls]);
}

/** How many of a run's last answers, one after the other, are like that. */
function trailing(said: readonly Said[], runId: string, like: (answer: Said) => boolean): number {
  let count = 0;
  for (let at = said.length - 1; at >= 0; at--) {
    const one = said[at] as Said;
    if (!isAnswer(one, runId)) continue;
    if (!like(one)) break;
    count += 1;
  }
  return count;
}
