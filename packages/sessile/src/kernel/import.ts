import { SessileError } from "../protocol/error.ts";
import { type Commit, lastSeqOf } from "../protocol/event.ts";
import { lifecycles } from "../protocol/lifecycle.ts";
import type { SessionView } from "../protocol/view.ts";
import type { Kernel } from "./kernel.ts";
import { splitText, writeContinuation } from "./long-text.ts";
import { numberAt, type Sql } from "./sql.ts";

/**
 * A log on its way in. It is staged in a table of its own, where no read looks, and takes the log's place in one
 * transaction at the end; so a session is either what it was or wholly what was imported.
 */
export class StagedLog {
  readonly #kernel: Kernel;
  readonly #sql: Sql;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#sql = kernel.sql;
  }

  /** Seq of the last staged event, 0 if nothing is staged. */
  lastSeq(): number {
    const row = this.#sql.exec("SELECT coalesce(max(last_seq), 0) AS seq FROM _sessile_staged")[0];
    return row ? numberAt(row, "seq") : 0;
  }

  /** Forgets what an earlier import left. @throws SessileError `conflict` unless the session is empty */
  begin(): void {
    this.#assertEmpty();
    this.#sql.transaction(() => {
      this.#sql.exec("DELETE FROM _sessile_staged");
      this.#sql.exec("DELETE FROM _sessile_continuation WHERE substr(owner, 1, 7) = 'staged:'");
    });
  }

  /**
   * Stages commits that follow those staged before.
   *
   * @param onlyBy the one actor whose events they may hold, beside the session's own
   * @throws SessileError `precondition_failed` if they do not follow, `forbidden` if they hold somebody else's
   */
  add(commits: readonly Commit[], onlyBy?: string): void {
    this.#sql.transaction(() => {
      let lastSeq = this.lastSeq();
      for (const commit of commits) {
        if (onlyBy !== undefined && commit.actors.some(({ id }) => id !== onlyBy))
          throw new SessileError(
            "forbidden",
            "This log has events of other people, which nobody can vouch for. Restore the session from the record instead.",
          );
        if (commit.firstSeq !== lastSeq + 1) {
          throw new SessileError(
            "precondition_failed",
            "Another import of this session has begun. Begin again.",
            {
              currentVersion: lastSeq,
            },
          );
        }
        lastSeq = lastSeqOf(commit);
        const { head, tail } = splitText(JSON.stringify(commit), this.#kernel.definition.limits.maxRowBytes);
        this.#sql.exec("INSERT INTO _sessile_staged VALUES (?, ?, ?)", lastSeq, commit.firstSeq, head);
        writeContinuation(this.#sql, `staged:${lastSeq}`, tail, true);
      }
    });
  }

  /**
   * Puts the staged log in the place of the empty one.
   *
   * @throws SessileError `conflict` if the session is not empty, `bad_request` if the log makes no session
   */
  activate(lastSeq: number, accept?: (view: SessionView) => void): void {
    this.#assertEmpty();
    if (this.lastSeq() !== lastSeq)
      throw new SessileError("precondition_failed", "Another import of this session has begun. Begin again.");
    try {
      this.#kernel.rebuild(
        () => this.#moveIntoPlace(),
        (view) => {
          assertSession(view, this.#kernel.committedView);
          accept?.(view);
        },
      );
    } catch (thrown) {
      if (thrown instanceof SessileError && thrown.code !== "internal") throw thrown;
      throw new SessileError(
        "bad_request",
        "The imported events do not make a session. Nothing was changed.",
        { field: "events" },
        { cause: thrown },
      );
    }
  }

  #moveIntoPlace(): void {
    const sql = this.#sql;
    sql.exec("DELETE FROM _sessile_log");
    sql.exec("DELETE FROM _sessile_continuation WHERE substr(owner, 1, 4) = 'log:'");
    sql.exec(
      "INSERT INTO _sessile_log SELECT last_seq, first_seq, body FROM _sessile_staged ORDER BY last_seq",
    );
    sql.exec(
      "UPDATE _sessile_continuation SET owner = 'log:' || substr(owner, 8) WHERE substr(owner, 1, 7) = 'staged:'",
    );
    sql.exec("DELETE FROM _sessile_staged");
  }

  /**
   * Empty is a session that does not exist, or that has nothing but the commit that created it and was never recorded:
   * somebody opened the address after the session itself was lost.
   */
  #assertEmpty(): void {
    if (!this.#kernel.exists) return;
    const row = this.#sql.exec(
      "SELECT (SELECT count(*) FROM (SELECT 1 FROM _sessile_log LIMIT 2)) AS commits, (SELECT count(*) FROM _sessile_meta WHERE key = 'recordedSeq' AND value <> '0') AS recorded",
    )[0];
    if (row && numberAt(row, "commits") <= 1 && numberAt(row, "recorded") === 0) return;
    throw new SessileError(
      "conflict",
      "This session exists and is not empty. Import under an address that is free.",
      {
        currentVersion: this.#kernel.committedView.lastSeq,
      },
    );
  }
}

/**
 * Whether a log makes a session of this address that can be used: a forged one may say anything of itself.
 *
 * @throws SessileError `bad_request`
 */
function assertSession(view: SessionView, { kind, name }: SessionView): void {
  const { lifecycle, status, state } = view;
  const isOwn = view.kind === kind && view.name === name;
  const hasBegun = lifecycle !== "initializing" && lifecycles.includes(lifecycle);
  if (isOwn && hasBegun && state !== undefined && (status === null || typeof status === "string")) return;
  throw new SessileError("bad_request", "The imported events make no session of this address.", {
    field: "events",
  });
}
