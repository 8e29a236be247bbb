import type { ModelPrices, Said, SandboxResult } from "sessile/agent";
import type { RunInfo } from "sessile/protocol";
import type { AgentCost, AgentReport, CodeRun, Refusal } from "../contract/agents.ts";
import { cleanText } from "../domain/index.ts";
import type { Accepted } from "./tools/submitting-tools.ts";

const maxEach = 20;
const maxReasonChars = 300;
const maxArgumentChars = 600;
const maxCodeChars = 4000;
const maxCodeRuns = 10;

interface ToolAnswer {
  readonly tool: string;
  readonly input: unknown;
  readonly output: { readonly type: string; readonly value?: unknown };
}

/**
 * What an agent has come to, read from its run's messages: what its tools took, and what they refused. Text that it says beside its
 * tools is nobody's claim and is left out.
 */
export function reportOf(
  said: readonly Said[],
  run: RunInfo,
  { model, prices }: { readonly model: string; readonly prices: ModelPrices | null },
): AgentReport {
  const answers = answersIn(said);
  const accepted = answers.flatMap(({ output }) => acceptedIn(output) ?? []);
  const conclusion = accepted.findLast((each) => each.accepted === "conclusion")?.conclusion ?? null;
  return {
    model,
    conclusion,
    error: conclusion ? null : whyNothing(run),
    findings: accepted.flatMap((each) => (each.accepted === "finding" ? each.finding : [])).slice(0, maxEach),
    assignments: accepted.flatMap((each) => (each.accepted === "assignment" ? each.assignment : [])),
    proposals: accepted.flatMap((each) => (each.accepted === "proposal" ? each.proposal : [])),
    refusals: answers.flatMap((answer) => refusalIn(answer) ?? []).slice(0, maxEach),
    code: answers.flatMap((answer) => codeRunIn(answer) ?? []).slice(0, maxCodeRuns),
    cost: costOf(said, run, prices),
  };
}

function answersIn(said: readonly Said[]): readonly ToolAnswer[] {
  const inputs = new Map<string, unknown>();
  const answers: ToolAnswer[] = [];
  for (const { message } of said) {
    if (typeof message.content === "string") continue;
    for (const part of message.content) {
      if (part.type === "tool-call") inputs.set(part.toolCallId, part.input);
      // A result within an answer is the model's own word, not a tool's.
      if (part.type === "tool-result" && message.role === "tool")
        answers.push({ tool: part.toolName, input: inputs.get(part.toolCallId), output: part.output });
    }
  }
  return answers;
}

/** Only submitting tools answer in this form: reading ones answer with text. */
function acceptedIn({ type, value }: ToolAnswer["output"]): Accepted | null {
  const isAccepted = type === "json" && value !== null && typeof value === "object" && "accepted" in value;
  return isAccepted ? (value as Accepted) : null;
}

function refusalIn({ tool, input, output: { type, value } }: ToolAnswer): Refusal | null {
  if (!type.startsWith("error")) return null;
  return {
    tool: cleanText(tool, 80),
    reason: cleanText(typeof value === "string" ? value : JSON.stringify(value), maxReasonChars),
    arguments: cleanText(JSON.stringify(input ?? null), maxArgumentChars),
  };
}

function codeRunIn({ tool, input, output: { type, value } }: ToolAnswer): CodeRun | null {
  if (tool !== "run_code" || type !== "text") return null;
  const { code } = input as { readonly code: string };
  const { outcome, output, durationMs } = (JSON.parse(String(value)) as { readonly data: SandboxResult })
    .data;
  return { code: code.slice(0, maxCodeChars), outcome, output: output.slice(0, maxCodeChars), durationMs };
}

function whyNothing({ status, result, error }: RunInfo): string {
  if (error) return cleanText(error.message, maxReasonChars);
  if (status === "completed") return "The model gave no answer that could be used.";
  if (status !== "exhausted") return "Somebody ended the run.";
  return result?.reason === "deadline"
    ? "The model took longer than it may."
    : `The model came to no end within its bound of ${result?.reason}.`;
}

function costOf(
  said: readonly Said[],
  { startedAt, endedAt }: RunInfo,
  prices: ModelPrices | null,
): AgentCost {
  const sum = (field: "inputTokens" | "outputTokens") =>
    said.reduce((total, { usage }) => total + (usage?.[field] ?? 0), 0);
  const [inputTokens, outputTokens] = [sum("inputTokens"), sum("outputTokens")];
  return {
    inputTokens,
    outputTokens,
    costMicros: prices
      ? Math.ceil((inputTokens * prices.input + outputTokens * prices.output) / 1_000_000)
      : null,
    durationMs: (endedAt ?? startedAt) - startedAt,
  };
}
