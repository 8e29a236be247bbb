import { isToolUIPart, type UIMessage } from "ai";
import { z } from "zod";
import type { GateAnswer } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import { allowingOption, type GateRecord, gateClosed, hashOf, isAllowed } from "../protocol/gate.ts";
import type { Json } from "../protocol/json.ts";
import { safeParse } from "../protocol/safe-parse.ts";
import { gateIdOf, type ToolPart } from "./approvals.ts";

/** Of the assistant's message that a client posts, only what its person decided is looked at. */
const respondedPart = z.union([
  z.object({
    state: z.literal("approval-responded"),
    toolCallId: z.string().max(256),
    input: z.json().optional(),
    approval: z.object({
      id: z.string().max(256),
      approved: z.boolean(),
      reason: z.string().max(4096).optional(),
    }),
  }),
  z.object({
    state: z.literal("output-available"),
    toolCallId: z.string().max(256),
    input: z.json().optional(),
    output: z.json(),
  }),
  z.object({
    state: z.literal("output-error"),
    toolCallId: z.string().max(256),
    input: z.json().optional(),
    errorText: z.string().max(8192),
  }),
]);
type Responded = z.infer<typeof respondedPart>;

const postedSchema = z.object({ id: z.string().max(128), parts: z.array(z.unknown()).max(10_000) });

export interface PostedResponses {
  readonly messageId: string;
  readonly responses: readonly Responded[];
}

/** @throws SessileError `bad_request` */
export function parseResponses(posted: Json): PostedResponses {
  const { success, data } = safeParse(postedSchema, posted);
  if (!success)
    throw new SessileError("bad_request", "message: not a message of the assistant's.", { field: "message" });
  const responses = data.parts.flatMap((part) => {
    const responded = safeParse(respondedPart, part);
    return responded.success ? [responded.data] : [];
  });
  return { messageId: data.id, responses };
}

/** An answer for one gate. */
export interface Response {
  readonly gateId: string;
  readonly answer: GateAnswer;
}

/**
 * What a posted message answers that still waits. One that only says what is known is an echo of the history; one that says otherwise
 * comes too late.
 *
 * @param stored the message as the session has it
 * @throws SessileError `gate_closed`, `bad_request`, `not_found`
 */
export function responsesTo(
  stored: UIMessage,
  { responses }: PostedResponses,
  read: (gateId: string) => GateRecord | null,
): Response[] {
  for (const { state, ...response } of responses) {
    if (state === "approval-responded" && !isKnown(stored, response))
      throw new SessileError("not_found", "This answer is to an approval that nobody asked for.", {
        field: "approval",
      });
  }
  return stored.parts.flatMap((part, index) => {
    const gateId = gateIdOf(stored.id, index);
    const record = isToolUIPart(part) ? read(gateId) : null;
    const given = responses.find((response) => isToolUIPart(part) && response.toolCallId === part.toolCallId);
    if (!record || !given || !isToolUIPart(part)) return [];
    // What an approved call gave is in the history of whoever posts it.
    if (record.outcome && record.gate.kind !== "tool" && given.state !== "approval-responded") return [];
    const answer = answerOf(part, record, given);
    if (!record.outcome) return [{ gateId, answer }];
    if (isEcho(record, answer)) return [];
    throw gateClosed(record.outcome);
  });
}

function isKnown({ parts }: UIMessage, response: object): boolean {
  const id = "approval" in response ? (response.approval as { readonly id: string }).id : undefined;
  return parts.some(
    (part) => "toolCallId" in part && (part.approval as { readonly id?: string } | undefined)?.id === id,
  );
}

function answerOf(part: ToolPart, { gate }: GateRecord, given: Responded): GateAnswer {
  // The person saw this call; another one is none of theirs.
  const seen = given.input === undefined ? {} : { argumentsHash: hashOf(given.input as Json) };
  if (gate.kind !== "tool") {
    if (given.state !== "approval-responded" || given.approval.id !== part.approval?.id)
      throw new SessileError(
        "bad_request",
        "This call waits for an approval; a result cannot stand in for it.",
        {
          field: "approval",
        },
      );
    const { approved, reason } = given.approval;
    const allowing = allowingOption(gate) as string;
    const answer = approved ? allowing : (gate.options.find((option) => option !== allowing) ?? "");
    return { ...seen, answer, ...(reason === undefined ? {} : { comment: reason }) };
  }
  if (given.state === "output-available") return { ...seen, answer: "result", result: given.output as Json };
  if (given.state === "output-error") return { ...seen, answer: "error", comment: given.errorText };
  throw new SessileError("bad_request", "This call waits for its result, not for an approval.", {
    field: "approval",
  });
}

function isEcho(record: GateRecord, { answer, result }: GateAnswer): boolean {
  const { gate, outcome } = record;
  if (gate.kind !== "tool") return isAllowed(record) === (answer === allowingOption(gate));
  if (outcome?.status !== "answered") return answer === "error";
  return outcome.answer === answer && hashOf(outcome.result ?? null) === hashOf(result ?? null);
}
