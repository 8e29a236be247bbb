import {
  type ModelUsage,
  type SummarizerAnswer,
  SummarizerFailure,
  type SummaryContent,
} from "../../protocol/summary.ts";

/**
 * A kind's own summariser may answer anything. What could not be written must count as a try that failed, or the model would be
 * asked, and paid for, without end.
 *
 * @throws SummarizerFailure if it is no answer
 */
export function assertAnswer(answer: unknown): asserts answer is SummarizerAnswer {
  const { text, keyTopics, actionItems, usage = null } = (answer ?? {}) as Partial<SummarizerAnswer>;
  const isPaidFor = isUsage(usage);
  if (isContent({ text, keyTopics, actionItems }) && (usage === null || isPaidFor)) return;
  throw new SummarizerFailure(
    "A summary has a text, lists of texts as keyTopics and actionItems, and as usage null or whole numbers, 0 or more.",
    isPaidFor ? usage : null,
  );
}

/** What a failed try took, if it says so in numbers that can be counted. */
export function usageOfFailure(thrown: unknown): ModelUsage | null {
  const usage = thrown instanceof SummarizerFailure ? thrown.usage : null;
  return isUsage(usage) ? usage : null;
}

function isContent(content: { readonly [Key in keyof SummaryContent]: unknown }): boolean {
  const { text, keyTopics, actionItems } = content;
  return typeof text === "string" && isTexts(keyTopics) && isTexts(actionItems);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isUsage(usage: ModelUsage | null): usage is ModelUsage {
  if (typeof usage !== "object" || usage === null) return false;
  const { inputTokens, outputTokens, costMicros } = usage;
  return isCount(inputTokens) && isCount(outputTokens) && (costMicros === null || isCount(costMicros));
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
