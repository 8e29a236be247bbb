import type { LanguageModelUsage } from "ai";
import type { ModelUsage } from "../../protocol/index.ts";

/** Millionths of the currency the deployment counts in, per million tokens. */
export interface ModelPrices {
  readonly input: number;
  readonly output: number;
}

export function usageOf(
  { inputTokens = 0, outputTokens = 0 }: Pick<LanguageModelUsage, "inputTokens" | "outputTokens">,
  prices: ModelPrices | undefined,
): ModelUsage {
  const costMicros = prices
    ? Math.ceil((inputTokens * prices.input + outputTokens * prices.output) / 1_000_000)
    : null;
  return { inputTokens, outputTokens, costMicros };
}
