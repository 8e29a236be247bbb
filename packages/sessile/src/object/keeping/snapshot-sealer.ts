import { type Kernel, mayHold, type SnapshotPolicy, type StoredCommit } from "../../kernel/index.ts";
import type { SessionView } from "../../protocol/view.ts";

export const snapshotDueId = "snapshot:seal";
/** Under load a range grows instead of sealing more often: what a seal costs is then a constant per second, not a share of every event. */
const minGapMs = 1000;
const retryMs = 60_000;

export interface SnapshotSealerOptions {
  readonly kernel: Kernel;
  /** Null seals nothing. */
  readonly policy: SnapshotPolicy | null;
  /** Seals and publishes, in a commit of its own. */
  readonly seal: () => void;
  readonly report: (message: string, thrown: unknown) => void;
}

/**
 * Decides when a range is sealed: counts in memory after each commit, and keeps one row of due work for the time limit. It
 * acts after commits, never in them, and what fails here is tried again and told to operators.
 */
export class SnapshotSealer {
  readonly #options: SnapshotSealerOptions;
  #sealedTo = 0;
  #chars = 0;
  /** When the first event that is not sealed was seen. */
  #waitingSince: number | null = null;
  #triedAt = Number.NEGATIVE_INFINITY;
  /** When the due row rings, null if there is none. */
  #armedAt: number | null = null;

  constructor(options: SnapshotSealerOptions) {
    this.#options = options;
    if (options.policy) this.restart();
  }

  /** Reads back where the chain ends: on wake, and after another log took this one's place. */
  restart(): void {
    const { kernel } = this.#options;
    this.#sealedTo = kernel.snapshots.last()?.toSeq ?? 0;
    this.#armedAt = kernel.due.dueAt(snapshotDueId);
    this.#chars = 0;
    this.#waitingSince = null;
  }

  /** After every commit. */
  committed(stored: StoredCommit, after: SessionView, now: number): void {
    const { policy } = this.#options;
    if (!policy) return;
    // Whoever sealed (this, a request, the end of the session) did it in a commit that says so.
    if (mayHold(stored, "snapshot.sealed")) {
      this.restart();
      return;
    }
    this.#chars += stored.body.length;
    const waiting = this.#waiting(after);
    if (waiting <= 0) return;
    this.#waitingSince ??= now;
    const isFull = waiting >= policy.everyEvents || this.#chars >= policy.maxChars;
    if (!isFull && after.lifecycle !== "terminated") this.#arm(this.#waitingSince + policy.everyMs);
    else if (now - this.#triedAt >= minGapMs) this.#seal(now);
    else this.#arm(this.#triedAt + minGapMs);
  }

  /** The due row rang. */
  rang(now: number): void {
    const { policy, kernel } = this.#options;
    this.#armedAt = null;
    kernel.due.drop(snapshotDueId);
    const view = kernel.committedView;
    if (!policy || this.#waiting(view) <= 0) return;
    // After a wake nobody knows since when; whoever wrote the row did.
    const dueAt = (this.#waitingSince ?? Number.NEGATIVE_INFINITY) + policy.everyMs;
    const isFull = this.#waiting(view) >= policy.everyEvents || this.#chars >= policy.maxChars;
    if (isFull || now >= dueAt) this.#seal(now);
    else this.#arm(dueAt);
  }

  /** Events since the last snapshot, without the one that says it was sealed. */
  #waiting(view: SessionView): number {
    return view.lastSeq - (this.#sealedTo === 0 ? 0 : this.#sealedTo + 1);
  }

  #seal(now: number): void {
    this.#triedAt = now;
    try {
      this.#options.seal();
    } catch (thrown) {
      this.#options.report("Sealing a snapshot failed", thrown);
      this.#arm(now + retryMs);
    }
  }

  /** An earlier row that stands is left: it looks again when it rings, which costs less than moving it each time. */
  #arm(at: number): void {
    if (this.#armedAt !== null && this.#armedAt <= at) return;
    this.#armedAt = at;
    this.#options.kernel.due.put(snapshotDueId, at);
  }
}
