import { generateText, type LanguageModel, NoObjectGeneratedError, Output } from "ai";
import { z } from "zod";
import {
  type Summarizer,
  type SummarizerAnswer,
  SummarizerFailure,
  type SummaryInput,
} from "../../protocol/index.ts";
import { type ModelPrices, usageOf } from "../run/model-usage.ts";
import { summaryInstructions, summaryPrompt } from "./summary-prompt.ts";

export interface ModelSummarizerOptions {
  /** Added to what the model is told. */
  readonly instructions?: string;
  /** Absent: the meter counts tokens, and no cost. */
  readonly prices?: ModelPrices;
  /** Default 2000. */
  readonly maxOutputTokens?: number;
}

const answerSchema = z.object({
  summary: z.string().min(1).describe("The summary itself."),
  keyTopics: z.array(z.string()).describe("What it is about, a few words each."),
  actionItems: z.array(z.string()).describe("What is still to be done."),
});

/** A summariser of any model of the AI SDK: `summaries = { summarizer: modelSummarizer(openai("gpt-5-mini")) }`. */
export function modelSummarizer(model: LanguageModel, options: ModelSummarizerOptions = {}): Summarizer {
  return {
    model: typeof model === "string" ? model : model.modelId,
    summarize: (input, { timeoutMs }) => summarizeWith(model, options, input, timeoutMs),
  };
}

/** One call and no retries: the session itself tries again, and the meter counts each try. */
async function summarizeWith(
  model: LanguageModel,
  { instructions = "", prices, maxOutputTokens = 2000 }: ModelSummarizerOptions,
  input: SummaryInput,
  timeoutMs: number,
): Promise<SummarizerAnswer> {
  const overdue = new AbortController();
  // Not `AbortSignal.timeout`: it cannot be called off, and would keep the session's instance awake for nothing.
  const timer = setTimeout(() => overdue.abort(), timeoutMs);
  try {
    const { output, usage } = await generateText({
      model,
      instructions: summaryInstructions(input.style, input.maxTextChars, instructions),
      prompt: summaryPrompt(input),
      output: Output.object({ schema: answerSchema, name: "summary" }),
      maxOutputTokens,
      maxRetries: 0,
      abortSignal: overdue.signal,
    });
    return { ...contentOf(output), usage: usageOf(usage, prices) };
  } catch (thrown) {
    if (!NoObjectGeneratedError.isInstance(thrown)) throw thrown;
    const usage = thrown.usage ? usageOf(thrown.usage, prices) : null;
    const salvaged = salvage(thrown.text ?? "");
    if (salvaged) return { ...salvaged, usage };
    throw new SummarizerFailure("The model gave no summary.", usage, { cause: thrown });
  } finally {
    clearTimeout(timer);
  }
}

/** Providers without structured output answer with text around the JSON. Text without any is no summary: it may be a refusal. */
function salvage(text: string): ReturnType<typeof contentOf> | null {
  const start = text.indexOf("{");
  const end = text.lastIndexOf("}");
  if (start < 0 || end < start) return null;
  try {
    const parsed = answerSchema.safeParse(JSON.parse(text.slice(start, end + 1)));
    return parsed.success ? contentOf(parsed.data) : null;
  } catch {
    return null;
  }
}

function contentOf({ summary, keyTopics, actionItems }: z.infer<typeof answerSchema>) {
  return { text: summary, keyTopics, actionItems };
}
