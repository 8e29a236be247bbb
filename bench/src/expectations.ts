import { findValue, type Measurement } from "./measurement.ts";
import type { SubjectName } from "./subjects.ts";

export interface Verdict {
  readonly claim: string;
  readonly actual: number;
  readonly pass: boolean;
}

type Operand = readonly [figure: string, subject: SubjectName];

/** What the product promises, as ratios or counts: figures of one machine alone promise nothing. */
const expectations: readonly {
  readonly of: Operand;
  readonly to: Operand | null;
  readonly atLeast?: number;
  readonly atMost?: number;
}[] = [
  { of: ["append/1", "sessile"], to: ["append/1", "floor-bare"], atLeast: 0.8 },
  { of: ["append/64", "sessile"], to: ["append/64", "agents"], atLeast: 6 },
  { of: ["append/64", "sessile"], to: ["append/64", "floor-grouped"], atLeast: 0.6 },
  { of: ["append/512", "sessile"], to: ["append/512", "agents"], atLeast: 8 },
  { of: ["append/512", "sessile"], to: ["append/512", "floor-grouped"], atLeast: 0.6 },
  { of: ["append/packed", "sessile"], to: ["append/packed", "floor-grouped"], atLeast: 0.6 },
  { of: ["rows/append/1", "sessile"], to: null, atMost: 2 },
  { of: ["rows/append/64", "sessile"], to: null, atMost: 0.05 },
  { of: ["wake/10k", "sessile"], to: ["wake/0", "sessile"], atMost: 1.5 },
  { of: ["million/append/last", "sessile"], to: ["million/append/first", "sessile"], atMost: 1.2 },
  { of: ["million/resume/last", "sessile"], to: ["million/resume/100", "sessile"], atMost: 2 },
  { of: ["million/wake/last", "sessile"], to: ["million/wake/100", "sessile"], atMost: 1.5 },
  { of: ["stream/1/p99", "sessile"], to: null, atMost: 120 },
  { of: ["stream/1/rows", "sessile"], to: null, atMost: 3 },
  { of: ["stream/burst", "sessile"], to: null, atMost: 12 },
  { of: ["stream/append16", "sessile"], to: ["stream/append16", "floor-bare"], atLeast: 0.7 },
  { of: ["ledger/64", "ledger"], to: ["ledger/64", "d1-each"], atLeast: 5 },
  { of: ["mirror/64", "mirror-down"], to: ["mirror/64", "mirror"], atLeast: 0.9 },
];

/** Only what was measured is judged. */
export function judge(measured: readonly Measurement[]): readonly Verdict[] {
  return expectations.flatMap(({ of, to, atLeast, atMost }) => {
    const value = findValue(measured, ...of);
    const base = to === null ? 1 : findValue(measured, ...to);
    if (value === undefined || base === undefined) return [];
    const actual = value / base;
    const bound = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
    const claim = `${of.join(" ")} is ${bound} ${to === null ? "an event" : `× ${to.join(" ")}`}`;
    const pass = actual >= (atLeast ?? 0) && actual <= (atMost ?? Number.POSITIVE_INFINITY);
    return [{ claim, actual, pass }];
  });
}
