import { numberAt, numberOrNullAt, type Sql } from "../../kernel/sql.ts";
import type { StreamReport, StreamStanding } from "../../protocol/stream-subscription.ts";

export interface StreamFeedOptions {
  readonly path: string;
  readonly sql: Sql;
  readonly now: () => number;
  /** Whether there is a stream that can be subscribed to, or is about to be. */
  readonly isShown: () => boolean;
  /** How the stream stands; null if there is none. */
  readonly standing: () => Promise<StreamStanding | null>;
  readonly report: (report: StreamReport) => Promise<{ readonly linked: boolean }>;
  /** Calls `onTimer` at `dueAt`, also after a restart. */
  readonly setTimer: (dueAt: number) => void;
  readonly cancelTimer: () => void;
  readonly failed: (thrown: unknown) => void;
}

/** After a crash between a change and its report, the report comes this late at most. */
const tellAgainMs = 10_000;

/** `linked` is null as long as the subscriptions must hear of the stream in any case: it is new, or about to go. */
interface FeedRow {
  readonly linked: boolean | null;
  readonly since: number;
}

/**
 * What the subscriptions are told of one stream: that it is there, where it ends if one of them is linked to it, and that it is
 * gone. Always how it stands now, so that a report may be lost, repeated or stand for many changes. A stream that none is linked
 * to pays for its first and last report only.
 */
export class StreamFeed {
  readonly #options: StreamFeedOptions;
  /** Undefined: not read since the wake. */
  #known: FeedRow | null | undefined;
  #told: string | null = null;
  #armedUntil = 0;
  #isBehind = false;
  #telling: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(options: StreamFeedOptions) {
    this.#options = options;
  }

  /** Before a change: what outlasts a crash between it and its report. */
  async before(): Promise<void> {
    const { isShown, standing, now } = this.#options;
    const row = this.#row;
    if (row ? row.linked === false || this.#armedUntil > now() : !isShown()) return;
    const known = await standing();
    this.#row ??= { linked: null, since: known?.tail ?? 0 };
    this.#arm();
  }

  /** Before the stream ends. */
  async ending(): Promise<void> {
    await this.#options.standing();
    const row = this.#row;
    if (!row) return;
    this.#row = { ...row, linked: null };
    this.#arm();
  }

  /** Resolves once the subscriptions know, or it has failed and will be tried again. */
  changed(): Promise<void> {
    if (!this.#row || this.#row.linked === false) return Promise.resolve();
    // One report under way, and one that waits for it and stands for all that happens meanwhile.
    this.#next ??= this.#telling.then(() => {
      this.#next = null;
      this.#telling = this.#tell();
      return this.#telling;
    });
    return this.#next;
  }

  async onTimer(): Promise<void> {
    await this.changed();
    if (this.#isBehind) this.#arm();
  }

  /** From now on each append is reported. @returns null, and leaves no trace, if there is no stream */
  async subscribe(): Promise<StreamStanding | null> {
    const standing = await this.#options.standing();
    if (!standing) return null;
    this.#row = { linked: true, since: this.#row?.since ?? standing.tail };
    return standing;
  }

  async #tell(): Promise<void> {
    const { path, standing: ask, report, failed } = this.#options;
    try {
      const row = this.#row;
      const standing = await ask();
      const now = standing ? `${standing.identity}/${standing.tail}` : "gone";
      if (!row || (row.linked !== null && now === this.#told)) return;
      const { linked } = await report({ path, standing, since: row.since });
      this.#told = now;
      this.#isBehind = false;
      if (!standing) this.#row = this.#options.isShown() ? { linked: null, since: 0 } : null;
      // Whoever subscribed meanwhile is not in the answer, nor is an end that has begun.
      else if (this.#row === row && row.linked !== linked) this.#row = { ...row, linked };
      if (!this.#row || this.#row.linked === false) this.#disarm();
    } catch (thrown) {
      this.#isBehind = true;
      failed(thrown);
    }
  }

  #arm(): void {
    const now = this.#options.now();
    this.#options.setTimer(now + tellAgainMs);
    // What is done shortly before the timer rings is none of its business any more.
    this.#armedUntil = now + tellAgainMs / 2;
  }

  /** Nothing is left to tell, and nothing will be: the object need not be woken. */
  #disarm(): void {
    this.#options.cancelTimer();
    this.#armedUntil = 0;
  }

  get #row(): FeedRow | null {
    if (this.#known === undefined) {
      const [row] = this.#options.sql.exec("SELECT linked, since FROM stream_feed");
      const linked = row ? numberOrNullAt(row, "linked") : null;
      this.#known = row
        ? { linked: linked === null ? null : linked === 1, since: numberAt(row, "since") }
        : null;
    }
    return this.#known;
  }

  set #row(row: FeedRow | null) {
    this.#known = row;
    if (row)
      this.#options.sql.exec(
        "INSERT OR REPLACE INTO stream_feed VALUES (1, ?, ?)",
        row.linked === null ? null : Number(row.linked),
        row.since,
      );
    else this.#options.sql.exec("DELETE FROM stream_feed");
  }
}
