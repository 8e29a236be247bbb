import type { IngestAnswer } from "../../contract/api.ts";

export interface JobCounts {
  readonly records: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
}

/** One file on its way in. */
export interface IngestJob {
  readonly id: number;
  readonly name: string;
  /** Bytes; 0 for the sample, which lies on the server. */
  readonly size: number;
  readonly sent: number;
  readonly counts: JobCounts;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly state:
    | { readonly is: "waiting" }
    | { readonly is: "sending" }
    | { readonly is: "done"; readonly answer: IngestAnswer }
    | { readonly is: "failed"; readonly error: string }
    | { readonly is: "cancelled" };
}

export const noCounts: JobCounts = { records: 0, accepted: 0, duplicates: 0, rejected: 0 };

export function countsOf(answer: IngestAnswer): JobCounts {
  const { accepted, duplicates } = answer;
  const rejected = answer.rejectedTotal ?? answer.rejected.length;
  return { accepted, duplicates, rejected, records: accepted + duplicates + rejected };
}

export function isRunning(job: IngestJob): boolean {
  return job.state.is === "waiting" || job.state.is === "sending";
}

/** Records a second so far, or over the whole file once it is in; null while it would only be noise. */
export function rateOf(job: IngestJob, now: number): number | null {
  if (job.startedAt === null || job.counts.records === 0) return null;
  const elapsed = (job.endedAt ?? now) - job.startedAt;
  return elapsed < 50 ? null : Math.round(job.counts.records / (elapsed / 1000));
}
