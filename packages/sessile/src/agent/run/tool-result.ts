import type { ToolCallPart, ToolModelMessage, UIMessageChunk } from "ai";
import type { GateRecord, Json } from "../../protocol/index.ts";
import type { SettledCall } from "./asked-call.ts";
import type { ToolOutput } from "./call-tool.ts";
import { plain } from "./plain.ts";

/** How a call that others answered was settled. */
interface Settlement {
  readonly record: GateRecord;
  readonly settled: SettledCall;
}

/** A call's result, as models get it. */
export function resultMessage({ toolCallId, toolName }: ToolCallPart, output: ToolOutput): ToolModelMessage {
  return { role: "tool", content: [{ type: "tool-result", toolCallId, toolName, output }] };
}

/** The same as readers get it: UI message chunks, with what its approval came to. */
export function resultChunks(call: ToolCallPart, output: ToolOutput, by: Settlement | null): readonly Json[] {
  const approval = by ? approvalChunks(call, by) : [];
  return plain([...approval, outputChunk(call.toolCallId, output)]) as unknown as readonly Json[];
}

function outputChunk(toolCallId: string, output: ToolOutput): UIMessageChunk {
  if (output.type === "error-text") return { type: "tool-output-error", toolCallId, errorText: output.value };
  if (output.type === "execution-denied") return { type: "tool-output-denied", toolCallId };
  const value = "value" in output ? output.value : null;
  return { type: "tool-output-available", toolCallId, output: value };
}

function approvalChunks(
  { toolCallId, toolName, input }: ToolCallPart,
  { record: { gate, outcome }, settled }: Settlement,
): UIMessageChunk[] {
  if ((gate.kind ?? "approval") !== "approval") return [];
  const isChanged = settled.do === "carryOut" && settled.isChanged;
  const reason = outcome?.status === "answered" ? outcome.comment : null;
  return [
    ...(isChanged ? [{ type: "tool-input-available" as const, toolCallId, toolName, input }] : []),
    {
      type: "tool-approval-response",
      approvalId: gate.gateId,
      approved: settled.do === "carryOut",
      ...(reason === null ? {} : { reason }),
    },
  ];
}
