import { Packing } from "./packing.ts";
import { hash, Random } from "./random.ts";
import { RunBook } from "./run-book.ts";
import type { SessionObject } from "./session-object.ts";
import { SimulatedBucket } from "./simulated-bucket.ts";
import type { SimulatedD1 } from "./simulated-d1.ts";
import type { ModelAnswer } from "./simulated-summarizer.ts";
import { Timeline } from "./timeline.ts";

/**
 * What histories consist of, each with what is before it. More came with time, and seeds that found something when there was less
 * mean what they meant.
 */
export const repertoires = ["commands", "streams", "everything", "runs"] as const;
export type Repertoire = (typeof repertoires)[number];

export interface WorldOptions {
  readonly repertoire?: Repertoire;
  readonly inLedgerMode?: boolean;
  readonly isShort?: boolean;
  readonly keepTrace?: boolean;
}

/** How much goes wrong. Everything is zero once the world has healed. */
export interface Trouble {
  /** Milliseconds a frame is under way, at most. */
  maxLatencyMs: number;
  /** That an idle object is hibernated after an event. */
  hibernation: number;
  /** That a body of the kind's own code (a step, a timer's handler) fails. */
  failure: number;
  /** That a request or its answer is lost. */
  requestLoss: number;
  /** That a query of the record, or of the archive, fails, loses its answer, or comes too late. */
  recordFailure: number;
}

const peace: Trouble = { maxLatencyMs: 5, hibernation: 0, failure: 0, requestLoss: 0, recordFailure: 0 };

/** What everything in one simulation shares: time, chance, trace, and the state of the weather. */
export class World {
  readonly timeline = new Timeline(Date.UTC(2030, 0, 1));
  readonly random: Random;
  /** Streams, and long states. */
  readonly hasStreams: boolean;
  readonly hasEverything: boolean;
  readonly inLedgerMode: boolean;
  /** One of very many, so that what it needs is shared with others. */
  readonly isShort: boolean;
  readonly hasSnapshots: boolean;
  /** Whether events leave the hot log. */
  readonly hasArchive: boolean;
  readonly hasSummaries: boolean;
  readonly hasDrafts: boolean;
  /** What is known of runs; null: agents are in few histories, and in each of `runs`. */
  readonly runs: RunBook | null;
  /** Whether notes cost something. */
  readonly hasQuotas: boolean;
  /** Whether connections that send too fast are ended. */
  readonly hasRates: boolean;
  /** Whether some clients come over plain HTTP. */
  readonly hasHttp: boolean;
  /** Whether there is a database behind the sessions. */
  readonly hasRecord: boolean;
  /** What the model has said, by its text. */
  readonly summaries = new Map<string, ModelAnswer>();
  readonly packing = new Packing();
  readonly failures: string[] = [];
  trouble: Trouble;
  /** The database behind the sessions, if they have one. */
  d1: SimulatedD1 | null = null;
  /** Where archived events go; null: into the sessions' own tables. */
  readonly bucket: SimulatedBucket | null;
  /** Kept only on demand: a trace is long. */
  readonly lines: string[] | null;
  #hash = 0;

  constructor(seed: number, options: WorldOptions) {
    const { repertoire = "everything", inLedgerMode = false, isShort = false, keepTrace = false } = options;
    this.isShort = isShort;
    this.hasStreams = repertoire !== "commands";
    this.hasEverything = repertoire === "everything" || repertoire === "runs";
    this.random = new Random(`seed ${seed}`);
    this.inLedgerMode = inLedgerMode;
    this.hasRecord =
      inLedgerMode || (this.hasEverything && this.random.fork("mirror").chance(isShort ? 0.08 : 0.15));
    const hasRuns =
      repertoire === "runs" || (this.hasEverything && this.random.fork("runs").chance(isShort ? 0.07 : 0.2));
    this.runs = hasRuns ? new RunBook(this) : null;
    this.hasSnapshots = this.hasEverything && this.random.fork("snapshots").chance(0.5);
    this.hasQuotas = this.hasEverything && this.hasRecord && this.random.fork("quotas").chance(0.3);
    this.hasRates = this.hasEverything && this.random.fork("rates").chance(0.15);
    this.hasSummaries = this.hasSnapshots && this.random.fork("summaries").chance(0.5);
    this.hasDrafts = this.hasEverything && this.random.fork("drafts").chance(isShort ? 0.08 : 0.3);
    this.hasHttp = this.hasEverything && this.random.fork("http").chance(isShort ? 0.08 : 0.2);
    this.hasArchive = this.hasSnapshots && this.random.fork("archive").chance(0.5);
    this.bucket =
      this.hasArchive && this.random.fork("bucket").chance(0.7) ? new SimulatedBucket(this) : null;
    this.lines = keepTrace ? [] : null;
    const weather = this.random.fork("weather");
    this.trouble = {
      maxLatencyMs: weather.pick([5, 40, 400]),
      hibernation: weather.pick([0, 0.02, 0.2]),
      failure: weather.pick([0, 0.2, 0.4]),
      requestLoss: weather.pick([0, 0.1, 0.3]),
      recordFailure: this.random.fork("record").pick([0.02, 0.1, 0.3]),
    };
    // So slow that what an old connection still carries arrives long after its successor's first frames.
    if (weather.chance(0.15)) this.trouble.maxLatencyMs = 4000;
  }

  get traceHash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** The last seq that anybody may be shown. */
  shownSeq(object: SessionObject): number {
    return this.inLedgerMode && this.d1 ? this.d1.recordedSeq(object) : object.durableSeq;
  }

  /** A request or its answer is under way, and may get lost. */
  travel(random: Random, label: string, arrive: () => void): void {
    const { requestLoss, maxLatencyMs } = this.trouble;
    if (random.chance(requestLoss)) return;
    this.timeline.plan(random.between(0, maxLatencyMs), label, () => {
      this.note(label);
      arrive();
    });
  }

  heal(): void {
    this.trouble = peace;
    this.d1?.setDown(false);
    this.bucket?.setDown(false);
  }

  note(text: string): void {
    const line = `${this.timeline.now} ${text}`;
    this.#hash = hash(line, this.#hash);
    this.lines?.push(line);
  }

  fail(what: string): void {
    this.note(`FAILURE ${what}`);
    if (this.failures.length < 20) this.failures.push(what);
  }
}
