import { getToolName, isToolUIPart, type UIMessage, type UIMessageChunk } from "ai";
import type { ToolPart } from "./approvals.ts";

/**
 * The chunks that a message as it stands comes from. Whoever resumes an answer builds its message anew from the first chunk, also where the
 * answer has only gone on in it.
 */
export function chunksOf({ id, metadata, parts }: UIMessage): UIMessageChunk[] {
  const begin: UIMessageChunk = { type: "start", messageId: id };
  const told = metadata === undefined ? begin : { ...begin, messageMetadata: metadata };
  return [told, ...parts.flatMap((part, index) => chunksOfPart(part, String(index)))];
}

function chunksOfPart(part: UIMessage["parts"][number], index: string): UIMessageChunk[] {
  if (isToolUIPart(part)) return chunksOfCall(part);
  switch (part.type) {
    case "text":
    case "reasoning": {
      const { type, text, providerMetadata } = part;
      const id = (part.type === "reasoning" ? part.id : undefined) ?? index;
      const about = { id, ...(providerMetadata ? { providerMetadata } : {}) };
      return [
        { type: `${type}-start`, ...about },
        { type: `${type}-delta`, id, delta: text },
        { type: `${type}-end`, ...about },
      ];
    }
    case "step-start":
      // What was begun in the step before is not open any more.
      return [{ type: "finish-step" }, { type: "start-step" }];
    default:
      // Files, sources and data are chunks as they are.
      return [part as UIMessageChunk];
  }
}

function chunksOfCall(part: ToolPart): UIMessageChunk[] {
  const { toolCallId, title, toolMetadata, providerExecuted, approval } = part;
  const about = {
    toolCallId,
    ...(part.type === "dynamic-tool" && part.dynamic !== false ? { dynamic: true } : {}),
    ...(providerExecuted === undefined ? {} : { providerExecuted }),
  };
  const { callProviderMetadata: providerMetadata } = part;
  const chunks: UIMessageChunk[] = [
    {
      type: "tool-input-available",
      ...about,
      toolName: getToolName(part),
      input: part.input,
      ...(title === undefined ? {} : { title }),
      ...(toolMetadata === undefined ? {} : { toolMetadata }),
      ...(providerMetadata === undefined ? {} : { providerMetadata }),
    },
  ];
  if (approval) {
    const { id: approvalId, requestReason, isAutomatic, signature, approved, reason } = approval;
    chunks.push({
      type: "tool-approval-request",
      approvalId,
      toolCallId,
      ...(requestReason === undefined ? {} : { reason: requestReason }),
      ...(isAutomatic === undefined ? {} : { isAutomatic }),
      ...(signature === undefined ? {} : { signature }),
    });
    if (approved !== undefined)
      chunks.push({
        type: "tool-approval-response",
        approvalId,
        approved,
        ...(reason === undefined ? {} : { reason }),
      });
  }
  if (part.state === "output-available")
    chunks.push({ type: "tool-output-available", ...about, output: part.output });
  if (part.state === "output-error")
    chunks.push({ type: "tool-output-error", ...about, errorText: part.errorText });
  if (part.state === "output-denied") chunks.push({ type: "tool-output-denied", toolCallId });
  return chunks;
}
