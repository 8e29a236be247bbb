import { readUIMessageStream, type UIMessage, type UIMessageChunk } from "ai";
import type { AnswerOutcome } from "../protocol/chat.ts";
import { withoutOpenCalls } from "./approvals.ts";

export interface AnswerEnd {
  readonly outcome: AnswerOutcome;
  /** What readers are told of a failure. */
  readonly errorText: string | null;
  /** The model's own last word, if it came to one. */
  readonly finish: Extract<UIMessageChunk, { type: "finish" }> | null;
}

/** Of an answer that cannot be kept as it is. */
export const failedEnd: AnswerEnd = { outcome: "failed", errorText: null, finish: null };

const texts: Readonly<Record<Exclude<AnswerOutcome, "complete">, string>> = {
  stopped: "The answer was stopped.",
  interrupted: "The answer was interrupted.",
  failed: "The model could not answer.",
};

export function explain({ outcome, errorText }: AnswerEnd): string {
  return errorText ?? (outcome === "complete" ? "" : texts[outcome]);
}

/** The chunks that end a UI message stream. The mark comes before the last one, because a client reads no further than an error. */
export function endingChunks(end: AnswerEnd): UIMessageChunk[] {
  const { outcome, finish } = end;
  if (outcome === "complete") return [finish ?? { type: "finish", finishReason: "stop" }];
  const mark: UIMessageChunk = { type: "message-metadata", messageMetadata: markOf(end) };
  if (outcome === "stopped") return [mark, { type: "abort", reason: texts.stopped }];
  if (outcome === "failed") return [mark, { type: "error", errorText: explain(end) }];
  return [mark, { type: "finish", finishReason: "interrupted" }];
}

/** How it ended, from what was written of the end; null if that is not there. */
export function endOf(chunks: readonly UIMessageChunk[]): AnswerEnd | null {
  const last = chunks.at(-1);
  if (last?.type === "abort") return { outcome: "stopped", errorText: null, finish: null };
  if (last?.type === "error") return { outcome: "failed", errorText: last.errorText, finish: null };
  if (last?.type !== "finish") return null;
  const outcome = last.finishReason === "interrupted" ? "interrupted" : "complete";
  return { outcome, errorText: null, finish: last };
}

/**
 * The message that these chunks add up to, with what was begun and not ended marked as done.
 *
 * @param before what they go on with, if it is not a new message
 */
export async function messageOf(
  messageId: string,
  chunks: readonly UIMessageChunk[],
  end: AnswerEnd,
  before?: UIMessage,
): Promise<UIMessage> {
  let message: UIMessage = before ? structuredClone(before) : { id: messageId, role: "assistant", parts: [] };
  const told = chunks.filter(({ type }) => type !== "error");
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of told) controller.enqueue(chunk);
      controller.close();
    },
  });
  for await (const state of readUIMessageStream({ stream, ...(before ? { message } : {}) })) message = state;
  const parts = message.parts.map((part) =>
    (part.type === "text" || part.type === "reasoning") && part.state === "streaming"
      ? { ...part, state: "done" as const }
      : part,
  );
  const whole = { ...message, id: messageId, parts };
  return end.outcome === "complete" ? whole : brokenOff(whole, end);
}

/** The message of an answer that did not come to its own end: it says so, and waits for nobody. */
export function brokenOff(message: UIMessage, end: AnswerEnd): UIMessage {
  return withoutOpenCalls({ ...message, metadata: { ...metadataOf(message), ...markOf(end) } });
}

/** Cuts a message that no event could hold: its first parts as they are, and of a text as much as fits. */
export function fitted(message: UIMessage, maxChars: number): UIMessage {
  let left = maxChars - JSON.stringify({ ...message, parts: [] }).length;
  if (JSON.stringify(message.parts).length <= left) return message;
  const parts: UIMessage["parts"] = [];
  for (const part of message.parts) {
    const chars = JSON.stringify(part).length + 1;
    if (chars <= left) parts.push(part);
    // A character takes up to six in JSON.
    else if (part.type === "text")
      parts.push({ ...part, text: part.text.slice(0, Math.max(0, (left - 200) / 6)) });
    if (chars > left) break;
    left -= chars;
  }
  return { ...message, parts };
}

function markOf(end: AnswerEnd): { readonly outcome: AnswerOutcome; readonly reason: string } {
  return { outcome: end.outcome, reason: explain(end) };
}

function metadataOf({ metadata }: UIMessage): object {
  return metadata !== null && typeof metadata === "object" ? metadata : {};
}
