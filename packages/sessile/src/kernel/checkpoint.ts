import type { Commit } from "../protocol/event.ts";
import { emptyView, foldCommit, type SessionView } from "../protocol/view.ts";
import type { Log } from "./log.ts";
import { readContinuation, splitText, writeContinuation } from "./long-text.ts";
import type { Producers } from "./producers.ts";
import { numberAt, type Sql, textAt } from "./sql.ts";

/** Commits, or characters of commits, after which the view is written down. Bounds what a wake has to fold. */
const maxTailCommits = 64;
const maxTailChars = 512 * 1024;

/**
 * The view on disk, some commits behind the log. A commit then costs one row, not two, and a wake folds the short tail.
 */
export class Checkpoint {
  readonly #sql: Sql;
  readonly #maxRowBytes: number;
  #tailCommits = 0;
  #tailChars = 0;

  constructor(sql: Sql, maxRowBytes: number) {
    this.#sql = sql;
    this.#maxRowBytes = maxRowBytes;
  }

  /** The view at the end of the log. */
  load(kind: string, name: string, log: Log, producers: Producers): SessionView {
    let view = this.#read() ?? emptyView(kind, name);
    const page = log.readAfter(view.lastSeq, Number.POSITIVE_INFINITY);
    for (const stored of page.commits) {
      const commit = JSON.parse(stored.body) as Commit;
      view = foldCommit(view, commit);
      producers.advance(commit);
      this.#tailCommits += 1;
      this.#tailChars += stored.body.length;
    }
    return view;
  }

  /** Whether the next commit, of this length, should carry the view with it. */
  isDue(commitChars: number): boolean {
    return this.#tailCommits + 1 >= maxTailCommits || this.#tailChars + commitChars >= maxTailChars;
  }

  write(view: SessionView): void {
    const { head, tail } = splitText(JSON.stringify(view), this.#maxRowBytes);
    this.#sql.exec("INSERT OR REPLACE INTO _sessile_view VALUES (1, ?, ?)", view.lastSeq, head);
    writeContinuation(this.#sql, "view", tail, true);
  }

  /** Counts a commit that has become durable. */
  settled(commitChars: number, wrote: boolean): void {
    this.#tailCommits = wrote ? 0 : this.#tailCommits + 1;
    this.#tailChars = wrote ? 0 : this.#tailChars + commitChars;
  }

  #read(): SessionView | null {
    const row = this.#sql.exec("SELECT seq, body FROM _sessile_view WHERE id = 1")[0];
    if (!row) return null;
    const view = JSON.parse(textAt(row, "body") + readContinuation(this.#sql, "view")) as SessionView;
    return view.lastSeq === numberAt(row, "seq") ? view : null;
  }
}
