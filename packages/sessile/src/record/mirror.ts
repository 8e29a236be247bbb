import {
  type ChainHead,
  type Commit,
  extendChain,
  recordedEventsOf,
  SessileError,
  sessionKeyOf,
} from "../protocol/index.ts";
import type { DirectoryRow, SessionRecord } from "./record.ts";

/** A session's log as the mirror sees it. */
export interface MirrorLog {
  /** The directory row as of `row.lastSeq`; nothing later is copied in this run. */
  readonly row: DirectoryRow;
  /** Where the last run ended. */
  readonly recordedSeq: number;
  /** The chain's head at `recordedSeq`, if it is known: then each range is recorded with the head at its end. */
  readonly head?: ChainHead;
  /** Commits whose last seq is greater than `after`, in order, about `maxBytes` of them, at least one if there is one. */
  readonly readCommits: (after: number, maxBytes: number) => readonly Commit[] | Promise<readonly Commit[]>;
}

export interface MirrorOptions {
  /** Runs that failed since one succeeded, for the backoff. */
  readonly failures: number;
  /** A number from 0 up to 1, random: spreads the sessions that an outage has stopped at once. */
  readonly jitter: number;
  /** Ranges copied before the run ends, default 8. */
  readonly maxRanges?: number;
  /** Bytes of one range, default 512 KB. */
  readonly maxRangeBytes?: number;
}

export interface MirrorOutcome {
  /** The new watermark, to be stored; also after a failure, for the ranges before it. */
  readonly recordedSeq: number;
  /** The chain's head there, or where the run found one before it. */
  readonly head?: ChainHead;
  /** True while the record lacks something up to `row.lastSeq`. */
  readonly more: boolean;
  /**
   * `unavailable`: run again after `retryAfterMs`. Anything else says that log and record contradict each other
   * (`conflict`, `fenced`, `internal`), or that the row was too large and stands without its facts (`limit_exceeded`, the log
   * is copied all the same): waiting does not help, an operator must look.
   */
  readonly error: SessileError | null;
}

const firstRetryMs = 1000;
export const maxRetryMs = 5 * 60_000;

/** 1 s, doubled per failure up to 5 minutes; the jitter takes off up to half. */
export function mirrorBackoffMs(failures: number, jitter: number): number {
  const full = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failures, 30));
  return Math.round(full * (1 - jitter / 2));
}

/** Copies the log's tail to the record, in order, until caught up or `maxRanges` are copied. Never throws. */
export async function mirrorLog(
  log: MirrorLog,
  record: SessionRecord,
  options: MirrorOptions,
): Promise<MirrorOutcome> {
  const { row } = log;
  let recordedSeq = log.recordedSeq;
  let head = log.head;
  try {
    const { stored, refused } = await upsertRow(row, record);
    recordedSeq = startOf(log, stored);
    for (let ranges = options.maxRanges ?? 8; ranges > 0 && recordedSeq < row.lastSeq; ranges--) {
      const copied = await copyRange(log, record, recordedSeq, options.maxRangeBytes ?? 512 * 1024, head);
      recordedSeq = copied.recordedSeq;
      head = copied.head;
    }
    return outcomeOf(recordedSeq, head, row.lastSeq, refused);
  } catch (thrown) {
    return outcomeOf(recordedSeq, head, row.lastSeq, asOutcome(thrown, options));
  }
}

function outcomeOf(
  recordedSeq: number,
  head: ChainHead | undefined,
  lastSeq: number,
  error: SessileError | null,
): MirrorOutcome {
  return { recordedSeq, ...(head ? { head } : {}), more: recordedSeq < lastSeq, error };
}

/** What a list shows must not keep a log from being copied: a row refused for its size is written without facts. */
async function upsertRow(
  row: DirectoryRow,
  record: SessionRecord,
): Promise<{ readonly stored: number; readonly refused: SessileError | null }> {
  try {
    return { stored: await record.upsertSession(row), refused: null };
  } catch (thrown) {
    if (!(thrown instanceof SessileError) || thrown.code !== "limit_exceeded") throw thrown;
    return { stored: await record.upsertSession({ ...row, facts: {} }), refused: thrown };
  }
}

/**
 * The lower of the two watermarks. The record's is higher after a lost answer: the overlap is compared then. It is lower after the
 * database was restored to an earlier time: the log has what it lost.
 */
function startOf(log: MirrorLog, stored: number): number {
  if (stored <= log.row.lastSeq) return Math.min(log.recordedSeq, stored);
  throw new SessileError(
    "conflict",
    `The record of ${log.row.kind}/${log.row.name} ends at ${stored}, after the log's end at ${log.row.lastSeq}.`,
    { currentVersion: stored },
  );
}

async function copyRange(
  log: MirrorLog,
  record: SessionRecord,
  after: number,
  maxBytes: number,
  head: ChainHead | undefined,
): Promise<{ readonly recordedSeq: number; readonly head: ChainHead | undefined }> {
  const { kind, name, lastSeq, epoch } = log.row;
  const commits = await log.readCommits(after, maxBytes);
  const key = sessionKeyOf(kind, name);
  const events = commits
    .flatMap((commit) => recordedEventsOf(commit, key, after))
    .filter((event) => event.seq <= lastSeq);
  if (events[0]?.seq !== after + 1) {
    throw new SessileError(
      "internal",
      `The log of ${kind}/${name} has no event ${after + 1}, which the record lacks.`,
    );
  }
  // A record that lost its tail is refilled from before the known head; the next range that begins at a known one anchors again.
  const next = head?.seq === after ? extendChain(head, events) : head;
  await record.appendEvents({
    kind,
    name,
    fromSeq: after + 1,
    events,
    ...(epoch === undefined ? {} : { epoch }),
    ...(next?.seq === after + events.length ? { headHash: next.hash } : {}),
  });
  return { recordedSeq: after + events.length, head: next };
}

/** A store that fails in a way nobody foresaw is one that is worth asking again, later and later. */
function asOutcome(thrown: unknown, options: MirrorOptions): SessileError {
  if (thrown instanceof SessileError && !thrown.retryable) return thrown;
  const retryAfterMs = mirrorBackoffMs(options.failures, options.jitter);
  const message = `The record does not answer. The log is safe; the copy goes on in ${Math.ceil(retryAfterMs / 1000)} s.`;
  return new SessileError("unavailable", message, { retryAfterMs }, { cause: thrown });
}
