import type { Outcome } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import { assertClientEventId, type ProducerPosition, parseProducerPosition } from "../protocol/ids.ts";
import { deepFreeze } from "../protocol/json.ts";
import { type SessionView, settleView } from "../protocol/view.ts";
import { Archive } from "./archive.ts";
import { Batch } from "./batch.ts";
import { Checkpoint } from "./checkpoint.ts";
import type { KindDefinition } from "./definition.ts";
import { Drafts } from "./drafts.ts";
import { DueTable } from "./due-table.ts";
import { type FoundEvent, Log, type LogPage, type StoredCommit } from "./log.ts";
import { migrate } from "./migrations.ts";
import { OperatorLog } from "./operator-log.ts";
import { Parts } from "./parts.ts";
import { Producers } from "./producers.ts";
import { rebuildTables } from "./rebuild.ts";
import { RecentCommits } from "./recent-commits.ts";
import { assertActive } from "./run-command.ts";
import { builtInMigrations } from "./schema.ts";
import { Snapshots } from "./snapshots.ts";
import { numberAt, type Sql } from "./sql.ts";
import { refused, type Task, TaskFailure, type Transaction } from "./task.ts";
import { Writer } from "./writer.ts";

/** What the session's own write gave back; no transaction if it joined one that was open. */
export interface Written<T> {
  readonly value: T;
  readonly transaction: Transaction | null;
}

/**
 * One session: its log, and the view and tables that follow from it. Synchronous; time comes in as an argument.
 * Everything that happens to a session goes through `transact`, and nothing in memory changes before it is on disk.
 */
export class Kernel {
  readonly log: Log;
  readonly operatorLog: OperatorLog;
  readonly due: DueTable;
  readonly snapshots: Snapshots;
  readonly archive: Archive;
  readonly drafts: Drafts;
  readonly parts: Parts;
  readonly #sql: Sql;
  readonly #kind: KindDefinition;
  readonly #recent = new RecentCommits();
  #producers: Producers;
  #checkpoint: Checkpoint;
  #view: SessionView;
  #open: Batch | null = null;

  private constructor(sql: Sql, kindName: string, name: string, kind: KindDefinition) {
    this.#sql = sql;
    this.#kind = kind;
    this.log = new Log(sql, kind.limits.maxRowBytes);
    this.archive = new Archive(sql, this.log);
    this.operatorLog = new OperatorLog(sql, kind.operatorLogMs);
    this.due = new DueTable(sql);
    this.snapshots = new Snapshots(sql, kind.limits.maxRowBytes);
    this.drafts = new Drafts(sql, kind.limits.maxRowBytes);
    this.parts = new Parts(sql, this.due, kind.limits);
    this.#producers = new Producers(sql);
    this.#checkpoint = new Checkpoint(sql, kind.limits.maxRowBytes);
    this.#view = deepFreeze(this.#checkpoint.load(kindName, name, this.log, this.#producers));
  }

  /** Migrates, then reads the session back; a session that never was has no event yet, and its first use creates it. */
  static open(sql: Sql, kindName: string, name: string, kind: KindDefinition, now: number): Kernel {
    migrate(sql, "sessile", builtInMigrations, now);
    migrate(sql, "kind", kind.migrations, now);
    const kernel = new Kernel(sql, kindName, name, kind);
    kernel.operatorLog.prune(now);
    return kernel;
  }

  get exists(): boolean {
    return this.#view.lastSeq > 0;
  }

  /** The view as the caller may see it: inside a commit with its own writes, else as last committed. */
  get view(): SessionView {
    return this.#open ? this.#open.view : this.#view;
  }

  /** The view as last committed, whoever asks. */
  get committedView(): SessionView {
    return this.#view;
  }

  /** Whose command is running; null outside a commit. */
  get actor(): Actor | null {
    return this.#open?.actor ?? null;
  }

  get definition(): KindDefinition {
    return this.#kind;
  }

  /** @throws SessileError `not_writable` or `unavailable` unless clients may write now */
  assertActive(): void {
    assertActive(this.view.lifecycle);
  }

  get insideCommit(): boolean {
    return this.#open !== null;
  }

  get sql(): Sql {
    return this.#sql;
  }

  /**
   * Applies tasks in order and commits them together. A task that fails fails alone: it leaves nothing behind, and the
   * others are committed as if it had not been there.
   */
  transact(tasks: readonly Task[], now: number): Transaction {
    if (this.#open) throw new SessileError("internal", "A commit is already open.");
    try {
      return this.#attempt(tasks, now, false);
    } catch (thrown) {
      if (!(thrown instanceof TaskFailure)) throw thrown;
      // A task that is alone need not run a second time to be known as the one that failed.
      if (tasks.length === 1) return refused(thrown.reason, this.#view);
      // Optimism failed and everything is rolled back: again, each task isolated.
      return this.#attempt(tasks, now, true);
    }
  }

  /**
   * The session's own writes, at once: inside an open commit as part of it, else as a commit of their own.
   *
   * @param actor who did it; undefined inside a command means whoever sent the command
   * @throws what `body` throws, after everything is as it was
   */
  write<T>(actor: Actor | null | undefined, now: number, body: (writer: Writer) => T): Written<T> {
    if (this.#open)
      return {
        value: this.#open.as(actor, () => body(this.#writerOf(this.#open as Batch))),
        transaction: null,
      };
    let ended: { readonly value: T } | { readonly thrown: unknown } | undefined;
    const run = (writer: Writer): undefined => {
      try {
        ended = { value: body(writer) };
      } catch (thrown) {
        ended = { thrown };
        throw thrown;
      }
    };
    const transaction = this.transact(
      [{ id: undefined, actor: actor ?? null, refusesFirst: false, touchesTables: true, run }],
      now,
    );
    if (!ended) throw new SessileError("internal", "The write did not run.");
    if ("thrown" in ended) throw ended.thrown;
    return { value: ended.value, transaction };
  }

  /**
   * Makes every table anew from the log, after `fill` has put another log in its place. One transaction: if anything in it
   * throws, everything is as it was; `accept` may throw for what came of it.
   */
  rebuild(fill: () => void = () => {}, accept: (view: SessionView) => void = () => {}): void {
    if (this.#open) throw new SessileError("internal", "A commit is already open.");
    const { kind, name } = this.#view;
    this.#sql.transaction(() => {
      fill();
      // Whatever was pending belongs to a log that is no more.
      this.drafts.drop();
      accept(
        rebuildTables({
          sql: this.#sql,
          log: this.log,
          due: this.due,
          kind: this.#kind,
          kindName: kind,
          name,
        }),
      );
    });
    this.#reload();
  }

  readAfter(after: number, maxEvents?: number): LogPage {
    if (after >= this.#view.lastSeq) return { commits: [], more: false };
    const { maxPageBytes } = this.#kind.limits;
    const recent = this.#recent.readAfter(after, maxPageBytes, maxEvents);
    if (recent) return recent;
    const page = this.log.readAfter(after, maxPageBytes, maxEvents);
    if (!page.more && !this.#open) this.#recent.fill(page.commits);
    return page;
  }

  /** Writes the view down now, so that a wake needs no event of those there are. */
  checkpoint(): void {
    this.#sql.transaction(() => {
      this.#checkpoint.write(this.#view);
      this.#producers.checkpoint();
    });
    this.#checkpoint.settled(0, true);
    this.#producers.settled();
  }

  #attempt(tasks: readonly Task[], now: number, isolate: boolean): Transaction {
    const before = this.#view;
    const batch = new Batch(before, now, this.parts);
    const writer = this.#writerOf(batch);
    const written: CommitDraft = { stored: null, after: before, checkpointed: false };
    this.#open = batch;
    try {
      const outcomes = isolate
        ? this.#sql.transaction(() => {
            const ended = tasks.map((task) => this.#runIsolated(task, batch, writer));
            this.#writeCommit(batch, written);
            return ended;
          })
        : this.#runTogether(tasks, batch, writer, written);
      this.#adopt(written);
      return { outcomes, stored: written.stored, before, after: written.after };
    } catch (thrown) {
      this.drafts.forget();
      if (written.stored) this.#reload();
      else this.#producers.forget();
      throw thrown;
    } finally {
      this.#open = null;
    }
  }

  /**
   * Until a task touches a table, all that changes is the batch, and a commit that is one row needs no transaction: it
   * is one statement. That is the way of a lone append, for which opening and closing one would be most of the work.
   */
  #runTogether(tasks: readonly Task[], batch: Batch, writer: Writer, written: CommitDraft): Outcome[] {
    const ended: Outcome[] = [];
    while (ended.length < tasks.length) {
      const task = tasks[ended.length] as Task;
      const position = positionOf(task);
      // A foreign id gets a row of its own.
      if (task.touchesTables || (task.id !== undefined && !position)) break;
      ended.push(this.#run(task, position, batch, writer));
    }
    if (ended.length === tasks.length && this.#writeOneRow(batch, written)) return ended;
    return this.#sql.transaction(() => {
      for (const task of tasks.slice(ended.length))
        ended.push(this.#run(task, positionOf(task), batch, writer));
      this.#writeCommit(batch, written);
      return ended;
    });
  }

  /** @returns false if the commit needs more than one statement */
  #writeOneRow(batch: Batch, written: CommitDraft): boolean {
    if (batch.size === 0) return true;
    const commit = this.log.draft(batch.toCommit(), batch.systemTypes);
    if (commit.tail.length > 0 || this.#checkpoint.isDue(commit.stored.body.length)) return false;
    this.log.write(commit);
    written.stored = commit.stored;
    written.after = settleView(batch.view, batch.lastSeq, batch.at);
    this.#producers.keep();
    return true;
  }

  #writerOf(batch: Batch): Writer {
    return new Writer(this.#sql, this.due, batch, this.#kind, this.drafts, this.parts);
  }

  /** The transaction's last act. */
  #writeCommit(batch: Batch, written: CommitDraft): void {
    if (batch.size === 0) return;
    const commit = this.log.draft(batch.toCommit(), batch.systemTypes);
    this.log.write(commit);
    written.stored = commit.stored;
    written.after = settleView(batch.view, batch.lastSeq, batch.at);
    written.checkpointed = this.#checkpoint.isDue(written.stored.body.length);
    this.#producers.keep();
    if (written.checkpointed) {
      this.#checkpoint.write(written.after);
      this.#producers.checkpoint();
    }
  }

  /** Memory follows the disk, never the other way round. */
  #adopt({ stored, after, checkpointed }: CommitDraft): void {
    if (!stored) return;
    this.#view = after;
    this.#recent.push(stored);
    this.#checkpoint.settled(stored.body.length, checkpointed);
    if (checkpointed) this.#producers.settled();
  }

  /** The commit itself failed, after producers had learnt of it: what the disk says is the truth. */
  #reload(): void {
    const { kind, name } = this.#view;
    this.#recent.clear();
    this.#producers = new Producers(this.#sql);
    this.#checkpoint = new Checkpoint(this.#sql, this.#kind.limits.maxRowBytes);
    this.#view = deepFreeze(this.#checkpoint.load(kind, name, this.log, this.#producers));
  }

  #run(task: Task, position: ProducerPosition | null, batch: Batch, writer: Writer): Outcome {
    const mark = batch.size;
    try {
      return this.#runOnce(task, position, batch, writer);
    } catch (thrown) {
      // A refusal before the first write needs no undoing, unless the kind's own code ran and may have used `sql`.
      if (thrown instanceof SessileError && task.refusesFirst && batch.size === mark)
        return { ok: false, error: thrown };
      throw new TaskFailure(thrown);
    }
  }

  #runIsolated(task: Task, batch: Batch, writer: Writer): Outcome {
    const mark = batch.mark();
    try {
      return this.#sql.transaction(() => this.#runOnce(task, positionOf(task), batch, writer));
    } catch (thrown) {
      batch.rollbackTo(mark);
      this.drafts.forget();
      return { ok: false, error: SessileError.from(thrown) };
    }
  }

  #runOnce(task: Task, position: ProducerPosition | null, batch: Batch, writer: Writer): Outcome {
    if (task.id !== undefined) {
      const earlier = this.#recall(task.id, position, task.actor, batch);
      if (earlier) task.assertRepeats?.(earlier);
      if (earlier) return { ok: true, seq: earlier.seq, repeated: true, result: earlier.event.result };
    }
    const sizeBefore = batch.size;
    batch.begin(task);
    const result = task.run(writer);
    const seq = batch.commandSeq();
    if (batch.size > sizeBefore) {
      batch.keepResult(result);
      if (position) this.#producers.note(position, task.actor?.id ?? "", seq);
      else if (task.id !== undefined)
        this.#sql.exec("INSERT INTO _sessile_client_event VALUES (?, ?)", task.id, seq);
    }
    return { ok: true, seq, repeated: false, result };
  }

  /** The event an earlier delivery of this id wrote. */
  #recall(
    id: string,
    position: ProducerPosition | null,
    actor: Actor | null,
    batch: Batch,
  ): FoundEvent | null {
    assertClientEventId(id);
    if (!position) this.#refuseArchived(id);
    if (!position) {
      const row = this.#sql.exec("SELECT seq FROM _sessile_client_event WHERE id = ?", id)[0];
      const found = row ? (batch.find(id) ?? this.log.eventAt(numberAt(row, "seq"))) : null;
      if (found && found.actorId !== (actor?.id ?? "")) {
        throw new SessileError("fenced", "Somebody else has used this id. Choose another.", { field: "id" });
      }
      return found;
    }
    const recall = this.#producers.recall(position, actor?.id ?? "");
    if (recall.is === "new") return null;
    const found = batch.find(id) ?? this.log.findBack(recall.sinceSeq + 1, id);
    if (!found && recall.sinceSeq + 1 < this.archive.hotFrom) throw tooOld(undefined);
    return found;
  }

  /** What a command answered cannot be read from the archive inside a commit, and running it twice is out of the question. */
  #refuseArchived(id: string): void {
    if (this.archive.hotFrom === 1) return;
    const row = this.#sql.exec("SELECT seq FROM _sessile_client_event WHERE id = ?", id)[0];
    if (row && numberAt(row, "seq") < this.archive.hotFrom) throw tooOld(numberAt(row, "seq"));
  }
}

function positionOf({ id }: Task): ProducerPosition | null {
  return id === undefined ? null : parseProducerPosition(id);
}

function tooOld(seq: number | undefined): SessileError {
  return new SessileError(
    "fenced",
    "This id is older than the events kept at hand: it is not run again. Read the log for what became of it, and use a new id.",
    { field: "id", ...(seq === undefined ? {} : { currentVersion: seq }) },
  );
}

interface CommitDraft {
  stored: StoredCommit | null;
  after: SessionView;
  checkpointed: boolean;
}
