import type { Commit } from "../protocol/event.ts";
import type { Log, LogPage, StoredCommit } from "./log.ts";
import { numberAt, type Sql, textAt } from "./sql.ts";

/** When events leave the hot log. Both must be exceeded; what is not sealed, recorded and folded stays in any case. */
export interface Retention {
  /** Newest events that stay. */
  readonly hotEvents: number;
  /** Milliseconds for which an event stays. Default 0. */
  readonly hotMs?: number;
}

/** Whole commits, chosen to leave the hot log. */
export interface ArchivableRange {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly commits: readonly StoredCommit[];
}

/** What stands in the place of a range: where its events are, and the hashes that tie it into the chain. */
export interface Tombstone {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly hashBefore: string;
  readonly hash: string;
  /** `sql`: in `_sessile_archive_part`; anything else is the key of an object in the bucket. */
  readonly place: string;
}

/** Characters of commits in one range: what one read of the archive unpacks. */
const rangeChars = 512 * 1024;
const partBytes = 1_500_000;

/** The log's older part: ranges in order, without a gap, from event 1 to where the hot log begins. */
export class Archive {
  readonly #sql: Sql;
  readonly #log: Log;
  #hotFrom: number | null = null;

  constructor(sql: Sql, log: Log) {
    this.#sql = sql;
    this.#log = log;
  }

  /** Seq of the first event of the hot log. */
  get hotFrom(): number {
    this.#hotFrom ??= (this.last()?.toSeq ?? 0) + 1;
    return this.#hotFrom;
  }

  last(): Tombstone | null {
    return this.#one("SELECT * FROM _sessile_archive ORDER BY to_seq DESC LIMIT 1");
  }

  /** The last range that ends at or before `seq`. */
  endingBy(seq: number): Tombstone | null {
    return this.#one("SELECT * FROM _sessile_archive WHERE to_seq <= ? ORDER BY to_seq DESC LIMIT 1", seq);
  }

  /** The range that holds the event after `after`, null if that one is hot. */
  holding(after: number): Tombstone | null {
    if (after + 1 >= this.hotFrom) return null;
    return this.#one("SELECT * FROM _sessile_archive WHERE to_seq > ? ORDER BY to_seq LIMIT 1", after);
  }

  /** The oldest commits of the hot log that end at or before `upTo` and happened at or before `until`; null if there are none. */
  next(upTo: number, until: number): ArchivableRange | null {
    const { commits } = this.#log.readAfter(this.hotFrom - 1, rangeChars);
    const chosen: StoredCommit[] = [];
    for (const stored of commits) {
      if (stored.lastSeq > upTo || (JSON.parse(stored.body) as Commit).at > until) break;
      chosen.push(stored);
    }
    const [first, last] = [chosen[0], chosen.at(-1)];
    return first && last ? { fromSeq: first.firstSeq, toSeq: last.lastSeq, commits: chosen } : null;
  }

  /** Takes the range out of the hot log and puts the tombstone there, in one transaction. `body` is null where a bucket holds it. */
  replace(tombstone: Tombstone, body: ArrayBuffer | null, bytes: number, now: number): void {
    const { fromSeq, toSeq, hashBefore, hash, place } = tombstone;
    this.#sql.transaction(() => {
      this.#sql.exec(
        "INSERT INTO _sessile_archive (to_seq, from_seq, hash_before, hash, place, bytes, archived_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        toSeq,
        fromSeq,
        hashBefore,
        hash,
        place,
        bytes,
        now,
      );
      for (let part = 0; body && part * partBytes < body.byteLength; part++) {
        const piece = body.slice(part * partBytes, (part + 1) * partBytes);
        this.#sql.exec("INSERT INTO _sessile_archive_part VALUES (?, ?, ?)", toSeq, part, piece);
      }
      this.#sql.exec(
        "DELETE FROM _sessile_continuation WHERE owner IN (SELECT 'log:' || last_seq FROM _sessile_log WHERE last_seq <= ?)",
        toSeq,
      );
      this.#sql.exec("DELETE FROM _sessile_log WHERE last_seq <= ?", toSeq);
    });
    this.#hotFrom = toSeq + 1;
  }

  /** The packed bytes of a range that lies in the session's own tables. */
  parts(toSeq: number): ArrayBuffer[] {
    return this.#sql
      .exec("SELECT body FROM _sessile_archive_part WHERE to_seq = ? ORDER BY part", toSeq)
      .map((row) => row.body as ArrayBuffer);
  }

  #one(query: string, ...values: number[]): Tombstone | null {
    const row = this.#sql.exec(query, ...values)[0];
    if (!row) return null;
    return {
      fromSeq: numberAt(row, "from_seq"),
      toSeq: numberAt(row, "to_seq"),
      hashBefore: textAt(row, "hash_before"),
      hash: textAt(row, "hash"),
      place: textAt(row, "place"),
    };
  }
}

/** A page of an unpacked range, cut as a page of the hot log is; the hot log always follows. */
export function pageOfRange(
  commits: readonly StoredCommit[],
  after: number,
  maxChars: number,
  maxEvents: number,
): LogPage {
  const page: StoredCommit[] = [];
  let chars = 0;
  let events = 0;
  for (const stored of commits) {
    if (stored.lastSeq <= after) continue;
    chars += stored.body.length;
    events += stored.lastSeq - Math.max(stored.firstSeq - 1, after);
    if (page.length > 0 && (chars > maxChars || events > maxEvents)) break;
    page.push(stored);
  }
  return { commits: page, more: true };
}
