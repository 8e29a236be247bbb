import type { Kernel, StoredCommit } from "../../kernel/index.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Commit } from "../../protocol/event.ts";
import { sessionKeyOf } from "../../protocol/event-id.ts";
import { type ChainHead, extendChain } from "../../protocol/log-chain.ts";
import { recordedEventsOf } from "../../protocol/recorded-event.ts";
import type { DirectoryRow, SessionRecord } from "../../record/index.ts";
import type { LedgerStore } from "./ledger-store.ts";
import type { LogReader } from "./mirror-runner.ts";

/** Characters of one batch; what D1 takes in one statement, with room. */
const maxBatchChars = 512 * 1024;

/** A range that the record now holds. */
export interface RecordedRange {
  readonly commits: readonly StoredCommit[];
  /** The same, parsed. */
  readonly parsed: readonly Commit[];
  readonly lastSeq: number;
  readonly head: ChainHead | undefined;
}

export interface LedgerRecorderOptions {
  readonly kernel: Kernel;
  readonly store: LedgerStore;
  readonly record: SessionRecord;
  readonly readLog: LogReader;
  /** The record ends here, before what it once held: it was put back to an earlier time. */
  readonly fellBack: (recordEnd: number) => void;
}

/** Talks to the record for one instance: takes the session over, then appends range after range. */
export class LedgerRecorder {
  readonly #options: LedgerRecorderOptions;
  readonly #epoch: number;
  /** How far the record goes, as it said itself; null until it was asked. */
  #recordEnd: number | null = null;
  /** This instance's epoch stands in the directory row, which is there. */
  #isTaken = false;
  #sentTo = 0;

  constructor(options: LedgerRecorderOptions, now: number) {
    this.#options = options;
    this.#epoch = options.store.nextEpoch(now);
  }

  /** The last event of the range that was sent last. */
  get sentTo(): number {
    return this.#sentTo;
  }

  /** Whether the record is known to lack what it once held. */
  get isBehind(): boolean {
    return this.#recordEnd !== null && this.#recordEnd < this.#options.store.view.lastSeq;
  }

  /** Asks the record how far it goes, without writing anything to it. */
  async look(): Promise<void> {
    const { kind, name, lastSeq } = this.#options.store.view;
    const recordEnd = await this.#options.record.recordedSeq(kind, name);
    if (recordEnd < lastSeq) this.#found(recordEnd);
  }

  /** What was believed of the record no longer holds: it is asked again. */
  forget(): void {
    this.#recordEnd = null;
    this.#isTaken = false;
  }

  /**
   * Appends the next range. Its events may be there already, after an answer that was lost: then they are compared.
   *
   * @throws SessileError as `SessionRecord.appendEvents`; `internal` if the log lacks what the record does
   */
  async appendNext(row: DirectoryRow): Promise<RecordedRange> {
    const { store, record, readLog } = this.#options;
    this.#recordEnd = this.#isTaken ? (this.#recordEnd ?? 0) : await this.#takeOver(row);
    // The record's end is lower after its database was put back to an earlier time: the log has what it lost.
    const after = Math.min(store.view.lastSeq, this.#recordEnd);
    const { kind, name } = row;
    const key = sessionKeyOf(kind, name);
    const { commits } = await readLog(after, maxBatchChars);
    const parsed = commits.map(({ body }) => JSON.parse(body) as Commit);
    const events = parsed.flatMap((commit) => recordedEventsOf(commit, key, after));
    if (events[0]?.seq !== after + 1)
      throw new SessileError("internal", `The log has no event ${after + 1}, which the record lacks.`);
    const before = await store.headAt(after);
    const head = before && extendChain(before, events);
    this.#sentTo = after + events.length;
    await record.appendEvents({
      kind,
      name,
      fromSeq: after + 1,
      events,
      epoch: this.#epoch,
      ...(head ? { headHash: head.hash } : {}),
    });
    const lastSeq = this.#sentTo;
    this.#recordEnd = Math.max(this.#recordEnd, lastSeq);
    return { commits, parsed, lastSeq, head };
  }

  /** Writes the directory row with this instance's epoch. A row refused for its size is written without facts. */
  async describe(row: DirectoryRow): Promise<number> {
    try {
      return await this.#options.record.upsertSession({ ...row, epoch: this.#epoch });
    } catch (thrown) {
      if (!(thrown instanceof SessileError) || thrown.code !== "limit_exceeded") throw thrown;
      return this.#options.record.upsertSession({ ...row, facts: {}, epoch: this.#epoch });
    }
  }

  async #takeOver(row: DirectoryRow): Promise<number> {
    const recordEnd = await this.describe(row);
    const { lastSeq } = this.#options.kernel.committedView;
    this.#isTaken = true;
    if (recordEnd <= lastSeq) return this.#found(recordEnd);
    throw new SessileError(
      "conflict",
      `The record ends at ${recordEnd}, after the log's end at ${lastSeq}.`,
      { currentVersion: recordEnd },
    );
  }

  #found(recordEnd: number): number {
    const wasBehind = this.isBehind;
    this.#recordEnd = recordEnd;
    if (this.isBehind && !wasBehind) this.#options.fellBack(recordEnd);
    return recordEnd;
  }
}
