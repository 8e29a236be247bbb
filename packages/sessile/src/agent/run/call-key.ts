import { sha256Hex } from "../../protocol/index.ts";
import type { OpenCall } from "./transcript.ts";

/**
 * What a provider calls its calls may be anything. A colon, which ids of runs may have, and a number, which could be a step's, would
 * make keys of two calls alike.
 */
const plainId = /^(?!\d+$)[\x21-\x39\x3b-\x7e]{1,48}$/;

/** The call's idempotency key, and the id of its gate: the same however often the call is made, and by whichever run. */
export function callKey({ call, answer }: OpenCall): string {
  return `${answer.runId}:${answer.step}:${callIdOf(call.toolCallId)}`;
}

export function callIdOf(toolCallId: string): string {
  return plainId.test(toolCallId) ? toolCallId : sha256Hex(toolCallId).slice(0, 32);
}

/** By which an answer is counted, and room for it reserved. */
export function answerId(runId: string, step: number): string {
  return `${runId}:${step}`;
}
