import type { Kernel } from "../../kernel/kernel.ts";
import type { LogPage } from "../../kernel/log.ts";
import { numberAt } from "../../kernel/sql.ts";
import type { SessileError } from "../../protocol/error.ts";
import type { Commit } from "../../protocol/event.ts";
import type { SessionView } from "../../protocol/view.ts";
import {
  type DirectoryRow,
  directoryChangeOf,
  directoryRowOf,
  type MirrorOutcome,
  mirrorLog,
} from "../../record/index.ts";
import { ChainHeads } from "../keeping/chain-head.ts";
import type { SessionHooks } from "../session-hooks.ts";

export const mirrorDueId = "record:mirror";
const mirrorDelayMs = 1000;

/** A page of the whole log, wherever it lies: the record may lack what has left the hot log. */
export type LogReader = (after: number, maxChars: number) => Promise<LogPage> | LogPage;

type MirrorHooks = Pick<SessionHooks, "record" | "feed" | "description">;

/**
 * Mirror mode: the commit is acknowledged on the object's own disk; D1 follows. What D1 lacks is `seq > recordedSeq`, so
 * the log is its own outbox. A change that lists show goes at once, the rest within a second, and an outage only
 * delays it.
 */
export class MirrorRunner {
  readonly #kernel: Kernel;
  readonly #hooks: MirrorHooks;
  readonly #heads: ChainHeads;
  readonly #readLog: LogReader;
  readonly #waitUntil: (promise: Promise<unknown>) => void;
  readonly #rearm: () => void;
  #recordedSeq: number;
  #scheduled: boolean;
  #running: Promise<void> | null = null;
  #failures = 0;
  /** False until the session has started: before that its title and facts may not be known yet. */
  #started = false;
  #urgent = false;
  /** Counts the logs this instance has had: an import brings another one. */
  #log = 0;

  constructor(
    kernel: Kernel,
    hooks: MirrorHooks,
    readLog: LogReader,
    waitUntil: (promise: Promise<unknown>) => void,
    /** After the table of due work was changed outside of a commit. */
    rearm: () => void,
  ) {
    this.#kernel = kernel;
    this.#hooks = hooks;
    this.#readLog = readLog;
    this.#heads = new ChainHeads(kernel);
    this.#waitUntil = waitUntil;
    this.#rearm = rearm;
    const row = kernel.sql.exec(
      "SELECT CAST(value AS INTEGER) AS seq FROM _sessile_meta WHERE key = 'recordedSeq'",
    )[0];
    this.#recordedSeq = row ? numberAt(row, "seq") : 0;
    this.#scheduled = kernel.due.dueAt(mirrorDueId) !== null;
  }

  /** Another log took this one's place: all of it is to be recorded, or found recorded. */
  restart(now: number): void {
    this.#log += 1;
    this.#recordedSeq = 0;
    this.#heads.forget();
    this.#kernel.sql.exec("DELETE FROM _sessile_meta WHERE key = 'recordedSeq'");
    if (!this.#hooks.record) return;
    this.#scheduled = true;
    this.#kernel.due.put(mirrorDueId, now);
  }

  get recordedSeq(): number {
    return this.#recordedSeq;
  }

  /** After every commit. */
  committed(before: SessionView, after: SessionView, now: number): void {
    if (!this.#hooks.record) return;
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#kernel.due.put(mirrorDueId, now + mirrorDelayMs);
    }
    if (!isShownInLists(before, after)) return;
    if (this.#started) this.#waitUntil(this.run(now));
    else this.#urgent = true;
  }

  /** The session has started: what lists show and could not be told yet goes now. */
  start(now: number): void {
    this.#started = true;
    if (this.#urgent) this.#waitUntil(this.run(now));
    this.#urgent = false;
  }

  /** Copies what D1 lacks. One run at a time; a failure puts the next one off. Never throws. */
  run(now: number): Promise<void> {
    this.#running ??= this.#runOnce(now).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #runOnce(now: number): Promise<void> {
    const { record, feed } = this.#hooks;
    if (!record) return;
    const row = this.#row(now);
    if (feed) this.#waitUntil(feed.notify([directoryChangeOf(row)]).catch(() => undefined));
    const log = this.#log;
    const head = await this.#heads.at(this.#recordedSeq).catch(() => undefined);
    const outcome = await mirrorLog(
      {
        row,
        recordedSeq: this.#recordedSeq,
        ...(head ? { head } : {}),
        readCommits: async (after, maxChars) =>
          (await this.#readLog(after, maxChars)).commits.map(({ body }) => JSON.parse(body) as Commit),
      },
      record,
      { failures: this.#failures, jitter: Math.random() },
    );
    // What was said of a log that is no more says nothing of this one.
    if (log !== this.#log) return;
    this.#failures = outcome.error ? this.#failures + 1 : 0;
    if (outcome.error) this.#report(outcome.error, now);
    this.#advance(outcome);
    this.#reschedule(now, outcome.error);
  }

  /** The kind's description is its author's code: if it throws, lists show the name, and the log is copied all the same. */
  #row(now: number): DirectoryRow {
    const view = this.#kernel.committedView;
    try {
      return directoryRowOf(view, this.#hooks.description);
    } catch (thrown) {
      this.#kernel.operatorLog.write(now, "error", "record", "describe() failed", { detail: String(thrown) });
      return directoryRowOf(view);
    }
  }

  #advance({ recordedSeq, head }: MirrorOutcome): void {
    if (recordedSeq === this.#recordedSeq) return;
    this.#recordedSeq = recordedSeq;
    if (head) this.#heads.keep(head);
    this.#kernel.sql.exec(
      "INSERT OR REPLACE INTO _sessile_meta VALUES ('recordedSeq', ?)",
      String(recordedSeq),
    );
  }

  #reschedule(now: number, error: SessileError | null): void {
    const lacksSome = this.#recordedSeq < this.#kernel.committedView.lastSeq;
    this.#scheduled = lacksSome && (error === null || isPassing(error));
    if (!this.#scheduled) {
      this.#kernel.due.drop(mirrorDueId);
      return;
    }
    this.#kernel.due.put(mirrorDueId, now + (error?.details.retryAfterMs ?? mirrorDelayMs));
    // Nobody else does after a run that a commit began.
    this.#rearm();
  }

  /** The first failure of a row, and every tenth: an outage must not fill the operator log. */
  #report(error: Error, now: number): void {
    if (this.#failures % 10 !== 1) return;
    this.#kernel.operatorLog.write(now, "warn", "record", error.message, { failures: this.#failures });
  }
}

/** Whether time helps: the record may answer again, was put back meanwhile, or has the row without its facts and takes the log. */
function isPassing({ retryable, code }: SessileError): boolean {
  return retryable || code === "precondition_failed" || code === "limit_exceeded";
}

export function isShownInLists(before: SessionView, after: SessionView): boolean {
  return (
    before.status !== after.status ||
    before.lifecycle !== after.lifecycle ||
    before.access !== after.access ||
    before.gates !== after.gates ||
    before.createdAt !== after.createdAt
  );
}
