import type { MeasuredName } from "./subjects.ts";

/** One number of one run; what `--json` writes. */
export interface Measurement {
  readonly name: string;
  readonly subject: MeasuredName;
  readonly unit: string;
  readonly value: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Of a sorted list. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function findValue(
  all: readonly Measurement[],
  name: string,
  subject: MeasuredName,
): number | undefined {
  return all.find((one) => one.name === name && one.subject === subject)?.value;
}
