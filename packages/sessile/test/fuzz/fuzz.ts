import { Random } from "../../src/testing/simulator/random.ts";
import { Hostile } from "./hostile.ts";

/** Something that takes input from outside. */
export interface FuzzTarget {
  readonly name: string;
  /** How many of all cases it gets, beside the others. */
  readonly weight: number;
  /** Cases at a time. */
  readonly parallel: number;
  /** Before the first case. */
  begin?(): Promise<void>;
  /** Makes one case and tries it. @throws whatever it should not have done */
  attempt(hostile: Hostile, note: (input: unknown) => void): void | Promise<void>;
  /** After the last case: whether everything is still as it should be. */
  finish?(): void | Promise<void>;
}

export interface Finding {
  readonly target: string;
  readonly case: number;
  readonly input: unknown;
  readonly thrown: unknown;
}

/** Of the processor, far above what any case takes; one that takes longer could be used to keep a server busy. */
const slowMicroseconds = 2_000_000;

/** Tries cases `from` to `from + count - 1`; each depends on the seed and its number alone. */
export async function fuzz(
  target: FuzzTarget,
  seed: string,
  { from = 0, count, onCase = () => {} }: { from?: number; count: number; onCase?: (n: number) => void },
): Promise<Finding[]> {
  await target.begin?.();
  const findings: Finding[] = [];
  let next = from;
  const work = async (): Promise<void> => {
    while (next < from + count && findings.length < 10) {
      const number = next++;
      onCase(number);
      let input: unknown;
      try {
        const before = process.cpuUsage();
        const done = target.attempt(new Hostile(new Random(`${seed}/${target.name}/${number}`)), (noted) => {
          input = noted;
        });
        if (done) await done;
        const { user } = process.cpuUsage(before);
        if (target.parallel === 1 && user > slowMicroseconds) throw new Error(`it took ${user} µs`);
      } catch (thrown) {
        findings.push({ target: target.name, case: number, input, thrown });
      }
    }
  };
  await Promise.all(Array.from({ length: target.parallel }, work));
  try {
    await target.finish?.();
  } catch (thrown) {
    findings.push({ target: target.name, case: next, input: "at the end", thrown });
  }
  return findings;
}

/** How many of `total` cases each target gets. */
export function shares(targets: readonly FuzzTarget[], total: number): Map<FuzzTarget, number> {
  const weights = targets.reduce((sum, { weight }) => sum + weight, 0);
  return new Map(targets.map((target) => [target, Math.ceil((total * target.weight) / weights)]));
}

export function describeFinding({ target, case: number, input, thrown }: Finding): string {
  const shown = typeof input === "string" ? JSON.stringify(input) : (JSON.stringify(input) ?? String(input));
  const reason = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return `${target}, case ${number}: ${shown.slice(0, 2000)}\n  ${reason}`;
}
