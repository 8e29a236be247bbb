import type { AgentCost } from "../../contract/agents.ts";
import { compactPlural } from "../lib/format-number.ts";
import { formatSpan } from "../lib/format-time.ts";

const money = new Intl.NumberFormat("en", {
  style: "currency",
  currency: "USD",
  minimumFractionDigits: 2,
  maximumFractionDigits: 4,
});

/** Agents work side by side: their times add up to more than anybody has waited. */
export function totalCost(costs: readonly AgentCost[]): AgentCost {
  const sum = (of: (cost: AgentCost) => number) => costs.reduce((total, cost) => total + of(cost), 0);
  const isPriced = costs.every(({ costMicros }) => costMicros !== null);
  return {
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    costMicros: isPriced ? sum(({ costMicros }) => costMicros ?? 0) : null,
    durationMs: sum(({ durationMs }) => durationMs),
  };
}

/** "12.3K tokens · $0.04 · 41 s"; without prices there is no money in it. */
export function costText({ inputTokens, outputTokens, costMicros, durationMs }: AgentCost): string {
  const price = costMicros === null ? [] : [money.format(costMicros / 1_000_000)];
  return [compactPlural(inputTokens + outputTokens, "token"), ...price, durationText(durationMs)].join(" · ");
}

export function durationText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : formatSpan(0, ms);
}
