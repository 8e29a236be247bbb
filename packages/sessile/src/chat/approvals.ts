import { isToolUIPart, type UIMessage } from "ai";
import { type GateOutcome, type GateRecord, isAllowed } from "../protocol/gate.ts";

type Part = UIMessage["parts"][number];
export type ToolPart = Extract<Part, { readonly toolCallId: string }>;

/** A call in a message that goes on only when somebody has answered: an approval, or a call that a client carries out. */
export interface WaitingCall {
  readonly gateId: string;
  readonly kind: "approval" | "tool";
  readonly part: ToolPart;
}

/** The place in the message makes the id, and nothing that a model or a provider chose. */
export function gateIdOf(messageId: string, index: number): string {
  return `${messageId}:${index}`;
}

/** The calls that an answer has come to a halt for. */
export function waitingCalls({ id, parts }: UIMessage): WaitingCall[] {
  return parts.flatMap((part, index): WaitingCall[] => {
    if (!isToolUIPart(part)) return [];
    const gateId = gateIdOf(id, index);
    if (part.state === "approval-requested") return [{ gateId, kind: "approval", part }];
    if (part.state === "input-available" && part.providerExecuted !== true)
      return [{ gateId, kind: "tool", part }];
    return [];
  });
}

/** The message as its gates stand: what was answered shows, whoever answered and from wherever. */
export function withOutcomes(message: UIMessage, read: (gateId: string) => GateRecord | null): UIMessage {
  if (message.role !== "assistant") return message;
  const outcomes = new Map<string, Part>();
  for (const { gateId, part } of waitingCalls(message)) {
    const record = read(gateId);
    if (record?.outcome) outcomes.set(gateId, settledPart(part, record, record.outcome));
  }
  if (outcomes.size === 0) return message;
  const parts = message.parts.map((part, index) => outcomes.get(gateIdOf(message.id, index)) ?? part);
  return { ...message, parts };
}

function settledPart(part: ToolPart, record: GateRecord, outcome: GateOutcome): Part {
  if (record.gate.kind === "tool") return carriedOut(part, outcome);
  const reason = outcome.status === "answered" ? outcome.comment : whyNobody(outcome);
  const changed = outcome.status === "answered" ? outcome.arguments : undefined;
  return {
    ...part,
    ...(changed === undefined ? {} : { input: changed }),
    state: "approval-responded",
    approval: {
      ...part.approval,
      approved: isAllowed(record),
      ...(reason === null ? {} : { reason }),
    },
  } as Part;
}

function carriedOut(part: ToolPart, outcome: GateOutcome): Part {
  if (outcome.status === "answered" && outcome.answer === "result")
    return { ...part, state: "output-available", output: outcome.result } as Part;
  const errorText = outcome.status === "answered" ? outcome.comment : whyNobody(outcome);
  return { ...part, state: "output-error", errorText: errorText ?? "The call failed." } as Part;
}

/** A time-out is never told as somebody's no. */
function whyNobody({ reason }: Extract<GateOutcome, { status: "expired" }>): string {
  if (reason === "withdrawn") return "Nobody answered: the conversation went on without it.";
  return reason === "terminated" ? "Nobody answered: the session has ended." : "Nobody answered in time.";
}

/** Calls that an answer broke off in. Whether such a call has had its effect, nobody knows here. */
export function withoutOpenCalls(message: UIMessage): UIMessage {
  const parts = message.parts.map((part) => {
    if (!isToolUIPart(part) || isFinal(part)) return part;
    const { approval, ...call } = part;
    return {
      ...call,
      input: part.input,
      state: "output-error" as const,
      errorText: "The answer broke off in this call. It may or may not have been carried out.",
      ...(approval?.approved ? { approval } : {}),
    } as Part;
  });
  return { ...message, parts };
}

function isFinal(part: ToolPart): boolean {
  if (part.state === "approval-responded") return part.approval.approved === false;
  return part.state === "output-available" || part.state === "output-error" || part.state === "output-denied";
}
