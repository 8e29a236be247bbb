import {
  type ArchivableRange,
  type Kernel,
  type LogPage,
  pageOfRange,
  type Retention,
  type StoredCommit,
  type Tombstone,
} from "../../kernel/index.ts";
import { SessileError } from "../../protocol/error.ts";
import { type Commit, lastSeqOf } from "../../protocol/event.ts";
import { sessionKeyOf } from "../../protocol/event-id.ts";
import { extendChain } from "../../protocol/log-chain.ts";
import { recordedEventsOf } from "../../protocol/recorded-event.ts";
import { ChainHeads } from "./chain-head.ts";

export const archiveDueId = "archive:run";
const rangesPerRun = 16;
const againMs = 1000;

/** The part of an R2 bucket that is used. */
export interface ArchiveBucket {
  put(key: string, body: ArrayBuffer): Promise<unknown>;
  get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
}

export interface ArchiverOptions {
  readonly kernel: Kernel;
  /** Null keeps every event in the hot log. */
  readonly retention: Retention | null;
  readonly bucket: ArchiveBucket | null;
  /** Nothing above this seq may go: the record still has to be given it. */
  readonly recordedSeq: () => number;
  /** Seq of the oldest event that the session's own code reads back; null if it reads none. */
  readonly neededFrom: () => number | null;
}

/**
 * Moves sealed ranges out of the hot log, compressed, and reads through them. The events go first and the tombstone takes
 * their place after: a failure in between leaves an object in the bucket that the repeat writes again.
 */
export class Archiver {
  readonly #options: ArchiverOptions;
  readonly #heads: ChainHeads;
  /** The range read last: pages of one range follow each other. */
  #unpacked: { readonly toSeq: number; readonly commits: readonly StoredCommit[] } | null = null;

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#heads = new ChainHeads(options.kernel);
  }

  /** After a seal: asks for a run if something may go. */
  sealed(now: number): void {
    const { kernel, retention } = this.#options;
    if (!retention || kernel.due.dueAt(archiveDueId) !== null) return;
    if (kernel.committedView.lastSeq - kernel.archive.hotFrom >= retention.hotEvents)
      kernel.due.put(archiveDueId, now + Math.max(againMs, retention.hotMs ?? 0));
  }

  /** The due row rang. */
  async run(now: number): Promise<void> {
    const { kernel } = this.#options;
    for (let ranges = 0; ranges < rangesPerRun; ranges++) {
      const range = this.#next(now);
      if (!range) {
        kernel.due.drop(archiveDueId);
        return;
      }
      // A wake folds the tail after the view that is on disk: that tail must stay. It has grown while ranges before this one were put away.
      kernel.checkpoint();
      await this.#archive(range, now);
    }
    kernel.due.put(archiveDueId, now + againMs);
  }

  /** A page of the log, wherever it lies. */
  async readAfter(after: number, maxEvents: number): Promise<LogPage> {
    const { kernel } = this.#options;
    const tombstone = kernel.archive.holding(after);
    if (!tombstone) return kernel.readAfter(after, maxEvents);
    const commits = await this.#unpack(tombstone);
    return pageOfRange(commits, after, kernel.definition.limits.maxPageBytes, maxEvents);
  }

  #next(now: number): ArchivableRange | null {
    const { kernel, retention, recordedSeq } = this.#options;
    if (!retention) return null;
    const sealedTo = kernel.snapshots.last()?.toSeq ?? 0;
    const beyond = kernel.committedView.lastSeq - retention.hotEvents;
    const upTo = Math.min(sealedTo, beyond, recordedSeq(), this.#spareTo());
    return kernel.archive.next(upTo, now - (retention.hotMs ?? 0));
  }

  #spareTo(): number {
    return (this.#options.neededFrom() ?? Number.POSITIVE_INFINITY) - 1;
  }

  async #archive(range: ArchivableRange, now: number): Promise<void> {
    const { kernel, bucket } = this.#options;
    const { kind, name } = kernel.committedView;
    const key = sessionKeyOf(kind, name);
    const before = await this.#heads.at(range.fromSeq - 1);
    const events = range.commits.flatMap(({ body }) => recordedEventsOf(JSON.parse(body) as Commit, key));
    const after = extendChain(before, events);
    const packed = await gzip(range.commits.map(({ body }) => body).join("\n"));
    const place = bucket
      ? `${kind}/${name}/${range.fromSeq}-${range.toSeq}-${after.hash.slice(0, 16)}.gz`
      : "sql";
    await bucket?.put(place, packed);
    // It may have come to be needed meanwhile.
    if (range.toSeq > this.#spareTo()) return;
    kernel.archive.replace(
      { fromSeq: range.fromSeq, toSeq: range.toSeq, hashBefore: before.hash, hash: after.hash, place },
      bucket ? null : packed,
      packed.byteLength,
      now,
    );
  }

  async #unpack(tombstone: Tombstone): Promise<readonly StoredCommit[]> {
    if (this.#unpacked?.toSeq === tombstone.toSeq) return this.#unpacked.commits;
    const text = await gunzip(await this.#packed(tombstone));
    const commits = text.split("\n").map((body): StoredCommit => {
      const commit = JSON.parse(body) as Commit;
      return { firstSeq: commit.firstSeq, lastSeq: lastSeqOf(commit), body };
    });
    this.#unpacked = { toSeq: tombstone.toSeq, commits };
    return commits;
  }

  async #packed({ place, toSeq, fromSeq }: Tombstone): Promise<Blob> {
    if (place === "sql") return new Blob(this.#options.kernel.archive.parts(toSeq));
    const object = await this.#options.bucket?.get(place).catch(() => null);
    if (object) return new Blob([await object.arrayBuffer()]);
    throw new SessileError(
      "unavailable",
      `Events ${fromSeq} to ${toSeq} lie in an archive that does not answer. Newer ones can be read.`,
      { retryAfterMs: 5000, currentVersion: this.#options.kernel.archive.hotFrom - 1 },
    );
  }
}

async function gzip(text: string): Promise<ArrayBuffer> {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

async function gunzip(packed: Blob): Promise<string> {
  return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
