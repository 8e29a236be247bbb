export const severities = ["low", "medium", "high", "critical"] as const;
export type Severity = (typeof severities)[number];

/** 1 (low) to 4 (critical). */
export function severityRank(severity: Severity): number {
  return severities.indexOf(severity) + 1;
}

export function highestSeverity(a: Severity, b: Severity): Severity {
  return severityRank(a) >= severityRank(b) ? a : b;
}

export function severityOfRank(rank: number): Severity {
  return severities[Math.min(Math.max(Math.round(rank), 1), 4) - 1] ?? "low";
}
