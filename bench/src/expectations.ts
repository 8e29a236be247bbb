import { findValue, type Measurement } from "./measurement.ts";
import type { MeasuredName } from "./subjects.ts";

export interface Verdict {
  readonly claim: string;
  readonly actual: number;
  readonly pass: boolean;
}

type Operand = readonly [figure: string, subject: MeasuredName];

/** What the product promises, as ratios or counts: figures of one machine alone promise nothing. */
const expectations: readonly {
  readonly of: Operand;
  readonly to: Operand | null;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Of what a figure is a number, where it is compared with none. Default: an event. */
  readonly what?: string;
}[] = [
  { of: ["append/1", "sessile"], to: ["append/1", "floor-bare"], atLeast: 0.8 },
  { of: ["append/64", "sessile"], to: ["append/64", "agents"], atLeast: 10 },
  { of: ["append/64", "sessile"], to: ["append/64", "floor-grouped"], atLeast: 0.85 },
  { of: ["append/512", "sessile"], to: ["append/512", "agents"], atLeast: 15 },
  { of: ["append/512", "sessile"], to: ["append/512", "floor-grouped"], atLeast: 0.85 },
  { of: ["append/packed", "sessile"], to: ["append/packed", "floor-grouped"], atLeast: 0.85 },
  { of: ["append/packed", "sessile"], to: ["append/512", "agents"], atLeast: 25 },
  { of: ["append/64/p99", "sessile"], to: ["append/64/p50", "agents"], atMost: 1 },
  { of: ["append/512/p99", "sessile"], to: ["append/512/p50", "agents"], atMost: 1 },
  { of: ["rows/append/1", "sessile"], to: null, atMost: 2 },
  { of: ["rows/append/64", "sessile"], to: null, atMost: 0.05 },
  { of: ["wake/10k", "sessile"], to: ["wake/0", "sessile"], atMost: 1.5 },
  { of: ["million/append/last", "sessile"], to: ["million/append/first", "sessile"], atMost: 1.2 },
  { of: ["million/resume/last", "sessile"], to: ["million/resume/100", "sessile"], atMost: 2 },
  { of: ["million/wake/last", "sessile"], to: ["million/wake/100", "sessile"], atMost: 1.5 },
  { of: ["stream/1/p99", "sessile"], to: null, atMost: 120, what: "ms" },
  { of: ["stream/1/rows", "sessile"], to: null, atMost: 3, what: "rows beyond one a flush" },
  { of: ["stream/burst", "sessile"], to: null, atMost: 12, what: "rows" },
  { of: ["stream/append16", "stream"], to: ["stream/append16", "ds-file"], atLeast: 3 },
  { of: ["stream/append16", "stream"], to: ["stream/append16", "row-each"], atLeast: 1.5 },
  { of: ["state/bytes/field", "agents"], to: ["state/bytes/field", "sessile"], atLeast: 200 },
  { of: ["state/bytes/text", "sessile"], to: null, atMost: 100, what: "bytes" },
  { of: ["state/fanout50/100k", "sessile"], to: ["state/fanout50/100k", "agents"], atLeast: 10 },
  { of: ["state/fanout50/100", "sessile"], to: ["state/fanout50/100", "agents"], atLeast: 1.5 },
  { of: ["ledger/64", "ledger"], to: ["ledger/64", "d1-each"], atLeast: 5 },
  { of: ["runs/cpu/last", "object"], to: ["runs/cpu/first", "object"], atMost: 1.2 },
  { of: ["mirror/64", "mirror-down"], to: ["mirror/64", "mirror"], atLeast: 0.9 },
];

/** Only what was measured is judged. */
export function judge(measured: readonly Measurement[]): readonly Verdict[] {
  return expectations.flatMap(({ of, to, atLeast, atMost, what = "an event" }) => {
    const value = findValue(measured, ...of);
    const base = to === null ? 1 : findValue(measured, ...to);
    if (value === undefined || base === undefined) return [];
    const actual = value / base;
    const bound = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
    const claim = `${of.join(" ")} is ${bound} ${to === null ? what : `× ${to.join(" ")}`}`;
    const pass =
      actual >= (atLeast ?? Number.NEGATIVE_INFINITY) && actual <= (atMost ?? Number.POSITIVE_INFINITY);
    return [{ claim, actual, pass }];
  });
}
