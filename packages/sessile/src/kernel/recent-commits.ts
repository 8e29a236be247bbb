import type { LogPage, StoredCommit } from "./log.ts";

export const maxRecentEvents = 500;
/** Of bodies; at two bytes a character at most 2 MB. */
export const maxRecentChars = 1024 * 1024;

const dropped: StoredCommit = { firstSeq: 0, lastSeq: 0, body: "" };

/**
 * The end of the log in memory, as the rows hold it: a client that was away briefly, and every page that the last commit
 * ends, costs no row read. Only what is on disk enters, so it can be wrong only if another log took the place of this one.
 */
export class RecentCommits {
  /** Follow each other without a gap; those before `#head` are gone. */
  #commits: StoredCommit[] = [];
  #head = 0;
  #events = 0;
  #chars = 0;

  /** Events held. */
  get events(): number {
    return this.#events;
  }

  get chars(): number {
    return this.#chars;
  }

  /** Takes in the commit after the last one. */
  push(commit: StoredCommit): void {
    this.#commits.push(commit);
    this.#events += commit.lastSeq - commit.firstSeq + 1;
    this.#chars += commit.body.length;
    while (this.#events > maxRecentEvents || this.#chars > maxRecentChars) this.#dropOldest();
    // Cut in bulk: a shift per commit would move the whole array each time.
    if (this.#head > maxRecentEvents) {
      this.#commits = this.#commits.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Takes in the log's end as it was read, if it reaches further back than what is held. */
  fill(commits: readonly StoredCommit[]): void {
    const first = commits[0];
    const held = this.#commits[this.#head];
    if (!first || (held && held.firstSeq <= first.firstSeq)) return;
    this.clear();
    for (const commit of commits) this.push(commit);
  }

  clear(): void {
    this.#commits = [];
    this.#head = 0;
    this.#events = 0;
    this.#chars = 0;
  }

  /** The page `Log.readAfter` would read, or null if part of it is not held. */
  readAfter(after: number, maxBytes: number, maxEvents = Number.POSITIVE_INFINITY): LogPage | null {
    const oldest = this.#commits[this.#head];
    if (!oldest || after < oldest.firstSeq - 1) return null;
    let from = this.#commits.length;
    while (from > this.#head && (this.#commits[from - 1] as StoredCommit).lastSeq > after) from -= 1;
    let bytes = 0;
    let events = 0;
    for (let index = from; index < this.#commits.length; index++) {
      const commit = this.#commits[index] as StoredCommit;
      bytes += commit.body.length;
      events += commit.lastSeq - Math.max(commit.firstSeq - 1, after);
      if (index > from && (bytes > maxBytes || events > maxEvents))
        return { commits: this.#commits.slice(from, index), more: true };
    }
    return { commits: this.#commits.slice(from), more: false };
  }

  #dropOldest(): void {
    const commit = this.#commits[this.#head] as StoredCommit;
    // Its text must not stay in memory until the array is cut.
    this.#commits[this.#head] = dropped;
    this.#head += 1;
    this.#events -= commit.lastSeq - commit.firstSeq + 1;
    this.#chars -= commit.body.length;
  }
}
