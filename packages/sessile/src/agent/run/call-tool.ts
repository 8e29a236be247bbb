import {
  asSchema,
  type JSONValue,
  type ModelMessage,
  type ToolCallPart,
  type ToolExecutionOptions,
  type ToolResultPart,
  type ToolSet,
} from "ai";
import { SessileError } from "../../protocol/index.ts";
import { untilAborted } from "./until-aborted.ts";

/** What a tool gave, as a model gets it. */
export type ToolOutput = ToolResultPart["output"];

export interface ToolContext {
  readonly idempotencyKey: string;
  readonly messages: ModelMessage[];
  readonly signal: AbortSignal;
  /** Of its JSON. */
  readonly maxOutputChars: number;
  /** Told of what the tool threw, unless that was meant to be read. */
  readonly report: (thrown: unknown) => void;
}

const keys = new WeakMap<object, string>();

/**
 * The key of the call that a tool carries out. It is the same however often the call is made again, because the server died
 * before it knew the result: whoever has the effect recognises it by that key.
 *
 *     execute: ({ to }, options) => mail.send(to, { headers: { "idempotency-key": idempotencyKeyOf(options) } }),
 */
export function idempotencyKeyOf(options: object): string {
  const key = keys.get(options);
  if (key === undefined)
    throw new SessileError("bad_request", "These are not the options that a run gave its tool.", {
      field: "options",
    });
  return key;
}

/** Why somebody's arguments do not fit a tool; null if they do. Those of a model were looked at when it gave them. */
export async function misfitOf(
  tools: ToolSet,
  { toolName, input }: ToolCallPart,
): Promise<Extract<ToolOutput, { type: "error-text" }> | null> {
  const tool = Object.hasOwn(tools, toolName) ? tools[toolName] : undefined;
  const checked = await asSchema(tool?.inputSchema).validate?.(input);
  if (!checked || checked.success) return null;
  return {
    type: "error-text",
    value: `The arguments that were approved do not fit: ${checked.error.message}`.slice(0, 8000),
  };
}

/** Carries out one call. What goes wrong in it is a result too: the model is told. */
export async function callTool(
  tools: ToolSet,
  call: ToolCallPart,
  context: ToolContext,
): Promise<ToolOutput> {
  const { toolCallId, toolName, input } = call;
  const tool = Object.hasOwn(tools, toolName) ? tools[toolName] : undefined;
  if (!tool?.execute) return { type: "error-text", value: `There is no tool named "${toolName}".` };
  const { idempotencyKey, messages, signal, maxOutputChars } = context;
  const options: ToolExecutionOptions<unknown> = {
    toolCallId,
    messages,
    abortSignal: signal,
    context: undefined,
  };
  keys.set(options, idempotencyKey);
  try {
    const output = await untilAborted(lastOf(tool.execute(input as never, options as never)), signal);
    return await modelOutput(tools, call, output, maxOutputChars);
  } catch (thrown) {
    if (!(thrown instanceof SessileError) && !signal.aborted) context.report(thrown);
    return errorOutput(thrown);
  }
}

/** A call's output as the model gets it, whoever carried it out. */
export async function modelOutput(
  tools: ToolSet,
  { toolCallId, toolName, input }: ToolCallPart,
  output: unknown,
  maxOutputChars: number,
): Promise<ToolOutput> {
  try {
    const tool = Object.hasOwn(tools, toolName) ? tools[toolName] : undefined;
    const told = tool?.toModelOutput
      ? await tool.toModelOutput({ toolCallId, input: input as never, output: output as never })
      : plainOutput(output);
    if (JSON.stringify(told).length <= maxOutputChars) return told;
    return { type: "error-text", value: `The result is longer than ${maxOutputChars} characters.` };
  } catch (thrown) {
    return errorOutput(thrown);
  }
}

export function errorOutput(thrown: unknown): ToolOutput {
  const value = thrown instanceof Error ? thrown.message : String(thrown);
  return { type: "error-text", value: value.slice(0, 8000) };
}

function plainOutput(output: unknown): ToolOutput {
  if (typeof output === "string") return { type: "text", value: output };
  return { type: "json", value: JSON.parse(JSON.stringify(output ?? null)) as JSONValue };
}

/** A tool that gives its result bit by bit means the last of it. */
async function lastOf(given: unknown): Promise<unknown> {
  if (given === null || typeof given !== "object" || !(Symbol.asyncIterator in given)) return given;
  let last: unknown = null;
  for await (const output of given as AsyncIterable<unknown>) last = output;
  return last;
}
