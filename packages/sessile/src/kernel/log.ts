import { type Commit, lastSeqOf, type PackedEvent } from "../protocol/event.ts";
import { readContinuation, splitText, writeContinuation } from "./long-text.ts";
import { numberAt, type Sql, type SqlRow, textAt } from "./sql.ts";

/** A stored commit: its place, and its JSON exactly as written, so that sending it needs no parsing. */
export interface StoredCommit {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly body: string;
  /** Types of the system events in it, and perhaps of some that were taken back; absent if it was read back from the disk. */
  readonly systemTypes?: ReadonlySet<string>;
}

/** False if it surely has no system event whose type begins so: its text need not be parsed. */
export function mayHold({ body, systemTypes }: StoredCommit, typeHead: string): boolean {
  if (!systemTypes) return body.includes(`"type":"${typeHead}`);
  for (const type of systemTypes) if (type.startsWith(typeHead)) return true;
  return false;
}

/** A commit about to be stored: what its own row holds, and what continues in further ones. */
export interface LogDraft {
  readonly stored: StoredCommit;
  readonly head: string;
  readonly tail: readonly string[];
}

export interface LogPage {
  readonly commits: readonly StoredCommit[];
  /** True when the log holds more after the last commit of this page. */
  readonly more: boolean;
}

export interface FoundEvent {
  readonly seq: number;
  readonly event: PackedEvent;
  /** Id of who did it; empty for the session itself. */
  readonly actorId: string;
}

export function foundIn(commit: Commit, index: number, event: PackedEvent): FoundEvent {
  const actorId = event.by === undefined ? "" : (commit.actors[event.by]?.id ?? "");
  return { seq: commit.firstSeq + index, event, actorId };
}

/** So long a head may go on in further rows. Those cut under a `maxRowBytes` below 48 KiB are shorter: it must not be raised. */
const mayContinueFrom = 16_384;

/** The session's log: one packed row per commit, keyed by its last seq, so that "after N" is one range scan. It only grows. */
export class Log {
  readonly #sql: Sql;
  readonly #maxRowBytes: number;

  constructor(sql: Sql, maxRowBytes: number) {
    this.#sql = sql;
    this.#maxRowBytes = maxRowBytes;
  }

  lastSeq(): number {
    const row = this.#sql.exec("SELECT coalesce(max(last_seq), 0) AS seq FROM _sessile_log")[0];
    return row ? numberAt(row, "seq") : 0;
  }

  /** What a commit will be stored as. */
  draft(commit: Commit, systemTypes: ReadonlySet<string>): LogDraft {
    const body = JSON.stringify(commit);
    return {
      stored: { firstSeq: commit.firstSeq, lastSeq: lastSeqOf(commit), body, systemTypes },
      ...splitText(body, this.#maxRowBytes),
    };
  }

  /** Writes one commit: a statement, and one more for each further row. */
  write({ stored: { firstSeq, lastSeq }, head, tail }: LogDraft): void {
    this.#sql.exec("INSERT INTO _sessile_log VALUES (?, ?, ?)", lastSeq, firstSeq, head);
    if (tail.length > 0) writeContinuation(this.#sql, ownerOf(lastSeq), tail, false);
  }

  /**
   * Commits that hold an event with seq > `after`, in order, cut at `maxBytes` and `maxEvents`; at least one commit
   * if there is any. The first may begin at or before `after`.
   */
  readAfter(after: number, maxBytes: number, maxEvents = Number.POSITIVE_INFINITY): LogPage {
    const commits: StoredCommit[] = [];
    let bytes = 0;
    let events = 0;
    let cursor = after;
    let rowsToAsk = 16;
    for (;;) {
      const rows = this.#sql.exec(
        "SELECT last_seq, first_seq, body FROM _sessile_log WHERE last_seq > ? ORDER BY last_seq LIMIT ?",
        cursor,
        rowsToAsk,
      );
      for (const row of rows) {
        const commit = this.#read(row);
        bytes += commit.body.length;
        events += commit.lastSeq - Math.max(commit.firstSeq - 1, after);
        if (commits.length > 0 && (bytes > maxBytes || events > maxEvents)) return { commits, more: true };
        commits.push(commit);
        cursor = commit.lastSeq;
      }
      if (rows.length < rowsToAsk) return { commits, more: false };
      rowsToAsk = nextRowCount(bytes / commits.length, maxBytes - bytes);
    }
  }

  /**
   * The newest event with seq ≥ `downTo` that carries the id, searching back from the end. A sender may well ask for ids that were never
   * there, each of them a search through all of it: so only commits whose text has the id leave the database.
   */
  findBack(downTo: number, clientEventId: string): FoundEvent | null {
    const text = JSON.stringify(clientEventId);
    for (let before = Number.MAX_SAFE_INTEGER; before > downTo; ) {
      const rows = this.#sql.exec(
        "SELECT last_seq, first_seq, body FROM _sessile_log WHERE last_seq >= ? AND last_seq < ? AND (instr(body, ?) > 0 OR last_seq IN (SELECT CAST(substr(owner, 5) AS INTEGER) FROM _sessile_continuation WHERE owner >= 'log:' AND owner < 'log;')) ORDER BY last_seq DESC LIMIT 32",
        downTo,
        before,
        text,
      );
      for (const row of rows) {
        const stored = this.#read(row);
        const commit = JSON.parse(stored.body) as Commit;
        for (let index = commit.events.length - 1; index >= 0; index--) {
          const event = commit.events[index] as PackedEvent;
          if (event.clientEventId === clientEventId) return foundIn(commit, index, event);
        }
        before = stored.lastSeq;
      }
      if (rows.length < 32) return null;
    }
    return null;
  }

  eventAt(seq: number): FoundEvent | null {
    const row = this.#sql.exec(
      "SELECT last_seq, first_seq, body FROM _sessile_log WHERE last_seq >= ? ORDER BY last_seq LIMIT 1",
      seq,
    )[0];
    if (!row) return null;
    const commit = JSON.parse(this.#read(row).body) as Commit;
    const event = commit.events[seq - commit.firstSeq];
    return event ? foundIn(commit, seq - commit.firstSeq, event) : null;
  }

  #read(row: SqlRow): StoredCommit {
    const lastSeq = numberAt(row, "last_seq");
    const head = textAt(row, "body");
    // Whatever the limit is now, it may have been lower then. One unit shorter is a head where a surrogate pair stood at the cut.
    const threshold = Math.min(mayContinueFrom, Math.floor(this.#maxRowBytes / 3) - 1);
    const body = head.length >= threshold ? head + readContinuation(this.#sql, ownerOf(lastSeq)) : head;
    return { firstSeq: numberAt(row, "first_seq"), lastSeq, body };
  }
}

/** Few rows while they are large, many while they are small: one page should cost one or two queries and never megabytes too many. */
function nextRowCount(averageBytes: number, bytesLeft: number): number {
  return Math.max(8, Math.min(2048, Math.ceil(bytesLeft / averageBytes)));
}

function ownerOf(lastSeq: number): string {
  return `log:${lastSeq}`;
}
