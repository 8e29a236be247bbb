import { type ModelMessage, type ToolCallPart, type ToolSet, tool } from "ai";
import { z } from "zod";
import type { GateRequest } from "../../kernel/index.ts";
import type { CallGate } from "../../object/gates/call-gate.ts";
import {
  allowingOption,
  approvedArguments,
  type ExpiryReason,
  type GateKind,
  type GateQuestion,
  type GateRecord,
  isAllowed,
  type Json,
  type UsageReport,
} from "../../protocol/index.ts";
import type { ToolOutput } from "./call-tool.ts";
import { untilAborted } from "./until-aborted.ts";

/** A call that somebody else answers, and how they are asked. */
export interface AskedCall {
  /** The call's idempotency key, so that it is asked about once. */
  readonly gateId: string;
  readonly kind: GateKind;
  readonly title: string;
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: Json;
  readonly questions?: readonly GateQuestion[];
  /** Step of the run that asks. */
  readonly step: number;
}

/** The gate by which others are asked. @param given what the kind decides about it @param requestedBy an actor's id */
export function gateRequestOf(
  { gateId, kind, title, toolName, toolCallId, input, questions }: AskedCall,
  { isEditable, ...given }: CallGate,
  requestedBy: string | null,
): GateRequest {
  return {
    gateId,
    kind,
    title: title.slice(0, 1000),
    call: { name: toolName, arguments: input, callId: toolCallId },
    ...(questions ? { questions } : {}),
    ...(requestedBy === null ? {} : { requestedBy }),
    ...(isEditable && kind === "approval" ? { isEditable } : {}),
    ...given,
  };
}

/** What readers of a run are told of a call that waits for an approval. */
export function approvalRequestChunk(gateId: string, toolCallId: string): Json {
  return { type: "tool-approval-request", approvalId: gateId, toolCallId };
}

const questionTools = new WeakSet<object>();

const questions = z.strictObject({
  questions: z
    .array(
      z.strictObject({
        question: z.string().min(1).describe("What you want to know; each once."),
        options: z.array(z.string()).optional().describe("The answers to choose from. Absent: any text."),
        multiple: z.boolean().optional().describe("Whether several options may be chosen."),
      }),
    )
    .min(1)
    .max(20),
});

/**
 * A tool by which a model asks people: its questions are a gate, and the run waits for the answers.
 *
 *     tools: { ask: questionTool() }
 */
export function questionTool({
  description = "Asks the people you work for, and waits for their answers.",
} = {}): ToolSet[string] {
  const made = tool({ description, inputSchema: questions });
  questionTools.add(made);
  return made as ToolSet[string];
}

/** What is asked of others about a call before it is carried out; null if nobody is asked. */
export async function askedAbout(
  tools: ToolSet,
  call: ToolCallPart,
  messages: ModelMessage[],
  signal: AbortSignal,
): Promise<Pick<AskedCall, "kind" | "title" | "questions"> | null> {
  const { toolName, input } = call;
  const known = Object.hasOwn(tools, toolName) ? tools[toolName] : undefined;
  if (!known) return null;
  if (questionTools.has(known)) {
    const asked = (input as z.infer<typeof questions>).questions as readonly GateQuestion[];
    return { kind: "question", title: asked[0]?.question ?? toolName, questions: asked };
  }
  if (!known.execute) return { kind: "tool", title: toolName };
  return (await needsApproval(known, call, messages, signal)) ? { kind: "approval", title: toolName } : null;
}

/** A function that fails, or takes too long, has not said that no approval is needed. */
async function needsApproval(
  { needsApproval: needed = false }: ToolSet[string],
  { toolCallId, input }: ToolCallPart,
  messages: ModelMessage[],
  signal: AbortSignal,
): Promise<boolean> {
  if (typeof needed !== "function") return needed;
  const decide = async () => needed(input as never, { toolCallId, messages, context: undefined });
  try {
    return await untilAborted(decide(), signal);
  } catch {
    return true;
  }
}

/** What a settled gate means for its call: to be carried out, what a client gave, or what the model is told instead. */
export type SettledCall =
  | { readonly do: "carryOut"; readonly input: Json; readonly isChanged: boolean }
  | { readonly do: "give"; readonly output: Json }
  | { readonly do: "tell"; readonly output: ToolOutput };

/** A call's result from others, and what that took. */
export type OthersAnswer = SettledCall & { readonly used?: UsageReport };

/** @throws SessileError `conflict` if the gate is about another call */
export function settledCall(record: GateRecord, { toolName, input }: ToolCallPart): SettledCall | null {
  const { gate, outcome } = record;
  if (!outcome) return null;
  const { kind = "approval" } = gate;
  if (kind === "approval" && isAllowed(record)) {
    const proposed = { name: toolName, arguments: input as Json };
    const isChanged = outcome.status === "answered" && outcome.arguments !== undefined;
    return { do: "carryOut", input: approvedArguments(record, proposed), isChanged };
  }
  // A time-out is never told as somebody's no.
  if (outcome.status === "expired")
    return { do: "tell", output: { type: "error-text", value: whyNobody(outcome.reason) } };
  const { answer, comment, result = null } = outcome;
  if (kind !== "approval" && answer === allowingOption(gate)) return { do: "give", output: result };
  if (kind === "tool")
    return { do: "tell", output: { type: "error-text", value: comment ?? "The call failed." } };
  return {
    do: "tell",
    output: { type: "execution-denied", ...(comment === null ? {} : { reason: comment }) },
  };
}

function whyNobody(reason: ExpiryReason = "time"): string {
  if (reason === "time") return "Nobody answered in time. This was not carried out.";
  return "Nobody answered, and the question was withdrawn. This was not carried out.";
}
