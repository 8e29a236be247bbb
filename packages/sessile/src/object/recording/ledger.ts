import type {
  Kernel,
  ListedGate,
  LogPage,
  SnapshotWithView,
  StoredCommit,
  Transaction,
} from "../../kernel/index.ts";
import type { SessileError } from "../../protocol/error.ts";
import { lastSeqOf } from "../../protocol/event.ts";
import type { GateRecord } from "../../protocol/gate.ts";
import { deepFreeze } from "../../protocol/json.ts";
import type { Limits } from "../../protocol/limits.ts";
import type { Snapshot } from "../../protocol/snapshot.ts";
import type { SyncStatus } from "../../protocol/sync-status.ts";
import { foldCommit, type SessionView } from "../../protocol/view.ts";
import { type DirectoryRow, directoryChangeOf, directoryRowOf } from "../../record/index.ts";
import type { Clock } from "../clock.ts";
import type { SessionHooks } from "../session-hooks.ts";
import type { Acks, Broadcast, Visibility } from "../visibility.ts";
import { detailOf, frozenBy, isContradiction, noRecord, outage, tooManyStaged } from "./ledger-error.ts";
import { recordedGate, recordedGates } from "./ledger-gates.ts";
import { LedgerQueue } from "./ledger-queue.ts";
import { LedgerRecorder, type RecordedRange } from "./ledger-recorder.ts";
import { LedgerStore } from "./ledger-store.ts";
import { isShownInLists, type LogReader, mirrorDueId } from "./mirror-runner.ts";
import { RetryPause } from "./retry-pause.ts";

/** A batch without an answer for this long is given up and sent again. */
const answerWithinMs = 10_000;
/** While something is not recorded a row of due work stands this far ahead, so that an instance that dies has a successor. */
const lifelineMs = 1000;

export interface LedgerOptions {
  readonly kernel: Kernel;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly hooks: SessionHooks;
  readonly broadcast: Broadcast;
  readonly readLog: LogReader;
  /** The sockets there are. */
  readonly sockets: () => readonly WebSocket[];
  /** Ends connections whose outcomes will not come. */
  readonly disconnect: (sockets: Iterable<WebSocket>, error: SessileError) => void;
  readonly waitUntil: (promise: Promise<unknown>) => void;
  /** Ends this instance: what it has shown to whom can no longer be known. */
  readonly abort: (thrown: unknown) => void;
  /** After the table of due work was changed outside of a commit. */
  readonly rearm: () => void;
}

/**
 * Ledger mode: an event is staged by the object's own commit, pending in the one batch on its way to the record, recorded
 * once that has answered. Commands run on what is staged, so the next batch fills while one is awaited; nothing shows
 * before it is recorded. The log is its own outbox: what the record lacks is `seq > recordedSeq`.
 */
export class Ledger implements Visibility {
  readonly #options: LedgerOptions;
  readonly #kernel: Kernel;
  readonly #store: LedgerStore;
  readonly #recorder: LedgerRecorder | null;
  readonly #queue = new LedgerQueue();
  /** False until the session has started: before that its title and facts may not be known yet. */
  #started = false;
  /** Counts runs, so that one that was given up changes nothing when its answer comes after all. */
  #run = 0;
  /** When the batch in flight was sent; null if none is. */
  #sentAt: number | null = null;
  #running = false;
  /** Failed runs in a row that kept events from being recorded. */
  #failures = 0;
  readonly #pause: RetryPause;
  #contradiction: SessileError | null = null;
  /** The view the directory row was last written from. */
  #described: SessionView | null = null;
  /** The row of due work rang: the directory row need not wait any longer. */
  #describesNow = false;
  /** The record was asked whether it still holds what it once held. */
  #hasLooked = false;
  #isArmed: boolean;

  constructor(options: LedgerOptions) {
    this.#options = options;
    const { kernel, hooks, clock } = options;
    this.#kernel = kernel;
    this.#store = new LedgerStore(kernel);
    this.#pause = new RetryPause(clock);
    const fellBack = (recordEnd: number) => this.#fellBack(recordEnd);
    this.#recorder =
      hooks.record &&
      new LedgerRecorder(
        { kernel, store: this.#store, record: hooks.record, readLog: options.readLog, fellBack },
        clock.now(),
      );
    this.#isArmed = kernel.due.dueAt(mirrorDueId) !== null;
  }

  get view(): SessionView {
    return this.#store.view;
  }

  get refusal(): SessileError | null {
    if (this.writeRefusal) return this.writeRefusal;
    if (this.#failures > 0) {
      // No alarm may ring for long after a clock was set back: whoever comes lets it try again.
      this.#pump();
      return outage(this.#pause.leftMs);
    }
    return this.#unrecorded < this.#options.limits.maxMailbox ? null : tooManyStaged();
  }

  get writeRefusal(): SessileError | null {
    return this.#recorder ? this.#contradiction : noRecord();
  }

  readAfter(after: number, maxEvents?: number): LogPage {
    const { lastSeq } = this.#store.view;
    if (after >= lastSeq) return { commits: [], more: false };
    const page = this.#kernel.readAfter(after, maxEvents);
    const commits = page.commits.filter((commit) => commit.lastSeq <= lastSeq);
    return { commits, more: (commits.at(-1)?.lastSeq ?? after) < lastSeq };
  }

  gates(after: number, limit: number): readonly ListedGate[] {
    return recordedGates(this.#kernel.sql, this.#store.view, after, limit);
  }

  gate(gateId: string): GateRecord | null {
    return recordedGate(this.#kernel.sql, this.#store.view, gateId);
  }

  snapshots(limit: number, before = Number.MAX_SAFE_INTEGER): readonly Snapshot[] {
    // The event that says so comes after the range, and must be recorded too.
    return this.#kernel.snapshots.list(limit, Math.min(before, this.#store.view.lastSeq));
  }

  lastSnapshot(): SnapshotWithView | null {
    return this.#kernel.snapshots.lastWithView(this.#store.view.lastSeq);
  }

  archivableTo(): number {
    this.#store.checkpoint();
    return this.#store.view.lastSeq;
  }

  sync(): SyncStatus {
    const { lastSeq } = this.view;
    const pending = this.#sentAt === null ? 0 : Math.max(0, (this.#recorder?.sentTo ?? 0) - lastSeq);
    const staged = this.#unrecorded - pending;
    const refusal = this.refusal?.toWire() ?? null;
    return { durability: "ledger", lastSeq, recordedSeq: lastSeq, staged, pending, refusal };
  }

  publish({ after }: Transaction, acks: Acks): false {
    this.#queue.add({ seq: after.lastSeq, acks });
    this.#release([]);
    this.#pump();
    // It was in the mailbox already.
    if (this.#contradiction) this.#refuseWaiting(this.#contradiction);
    return false;
  }

  whenShown(settle: (failure: SessileError | null) => void): void {
    if (this.#contradiction && this.#unrecorded > 0) settle(this.#contradiction);
    else this.#queue.add({ seq: this.#kernel.committedView.lastSeq, settle });
    this.#release([]);
  }

  begun(): Promise<void> | null {
    if (this.#store.view.lastSeq > 0) return null;
    const { refusal } = this;
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const settle = (failure: SessileError | null) => (failure ? reject(failure) : resolve());
      this.#queue.add({ seq: this.#kernel.committedView.lastSeq, settle, isImpatient: true });
    });
  }

  start(): void {
    this.#started = true;
    // An instance before this one may have owed answers, and only it knew to whom. Who comes back repeats its commands.
    if (this.#recorder && this.#unrecorded > 0) this.#options.disconnect(this.#options.sockets(), outage(0));
    this.#pump();
  }

  restart(): void {
    this.#run += 1;
    this.#running = false;
    this.#store.reset();
    this.#recorder?.forget();
    this.#described = null;
    this.#contradiction = null;
    this.#hasLooked = false;
    this.#pump();
  }

  end(reason: SessileError): void {
    this.#run += 1;
    this.#refuseWaiting(reason);
  }

  rang(now: number): void {
    this.#isArmed = false;
    this.#kernel.due.drop(mirrorDueId);
    if (this.#sentAt !== null && now - this.#sentAt >= answerWithinMs) {
      this.#run += 1;
      this.#running = false;
      this.#failed(outage(0));
      return;
    }
    this.#describesNow = true;
    this.#pump();
    const isBehind = this.#isOwed || this.#described !== this.#store.view;
    if (isBehind && !this.#contradiction) this.#arm(now + Math.max(lifelineMs, this.#pause.leftMs));
  }

  get #unrecorded(): number {
    return this.#kernel.committedView.lastSeq - this.#store.view.lastSeq;
  }

  /** The record lacks something, or may lack it. */
  get #isOwed(): boolean {
    return this.#unrecorded > 0 || !this.#hasLooked || this.#recorder?.isBehind === true;
  }

  /** Begins a run unless there is one, or nothing to do, or a failure to be waited out. */
  #pump(): void {
    if (!this.#recorder || !this.#started || this.#running || this.#contradiction) return;
    if (this.#pause.leftMs > 0) return;
    if (!this.#isOwed && !(this.#describesNow && this.#described !== this.#store.view)) return;
    this.#running = true;
    this.#arm(this.#options.clock.now() + lifelineMs);
    this.#options.waitUntil(this.#record(this.#recorder, ++this.#run));
  }

  async #record(recorder: LedgerRecorder, run: number): Promise<void> {
    try {
      // A write asks by itself.
      if (!this.#hasLooked && this.#unrecorded === 0) await recorder.look();
      if (run !== this.#run) return;
      this.#hasLooked = true;
      while (this.#unrecorded > 0 || recorder.isBehind) {
        this.#sentAt = this.#options.clock.now();
        const range = await recorder.appendNext(this.#row(this.#shownRow()));
        if (run !== this.#run) return;
        this.#sentAt = null;
        this.#recorded(range);
        await this.#describe(recorder, run);
        if (run !== this.#run) return;
      }
      await this.#describe(recorder, run);
      if (run === this.#run) this.#pause.end();
    } catch (thrown) {
      if (run === this.#run) this.#failed(thrown);
    }
    if (run !== this.#run) return;
    this.#sentAt = null;
    this.#running = false;
    // Whatever was staged while the row was written.
    this.#pump();
    this.#options.rearm();
  }

  #recorded({ commits, parsed, lastSeq, head }: RecordedRange): void {
    if (this.#failures > 0) this.#log("info", `The record answers again after ${this.#failures} failures`);
    this.#failures = 0;
    this.#pause.end();
    let view = this.#store.view;
    if (lastSeq === view.lastSeq) this.#log("info", `The record holds everything up to ${lastSeq} again`);
    if (lastSeq <= view.lastSeq) return;
    const known = view.lastSeq;
    const steps: SessionView[] = [view];
    for (const commit of parsed) {
      if (lastSeqOf(commit) <= known) continue;
      view = deepFreeze(foldCommit(view, commit));
      steps.push(view);
    }
    const fresh = commits.filter((commit) => commit.lastSeq > known);
    this.#store.advance(
      view,
      head,
      fresh.reduce((chars, { body }) => chars + body.length, 0),
    );
    this.#release(fresh);
    for (let step = 1; step < steps.length; step++)
      this.#options.hooks.onCommit(steps[step - 1] as SessionView, steps[step] as SessionView);
  }

  /** Shows what is recorded: one frame a peer, then the answers that were awaited. */
  #release(commits: readonly StoredCommit[]): void {
    const { acks, settles } = this.#queue.takeUpTo(this.#store.view.lastSeq);
    try {
      if (commits.length > 0 || acks.size > 0) this.#options.broadcast(commits, acks);
      for (const settle of settles) settle(null);
    } catch (thrown) {
      // None of the record's failures: answers are lost, and peers may have missed what is recorded. They come back.
      this.#options.abort(thrown);
    }
  }

  /** The directory follows the events, and never goes before them. At once where lists show the change, else within a second. */
  async #describe(recorder: LedgerRecorder, run: number): Promise<void> {
    const { view } = this.#store;
    const before = this.#described;
    if (before === view) return;
    if (before && !this.#describesNow && !isShownInLists(before, view)) return;
    this.#describesNow = false;
    const row = this.#row(view);
    const { feed } = this.#options.hooks;
    if (feed) this.#options.waitUntil(feed.notify([directoryChangeOf(row)]).catch(() => undefined));
    await recorder.describe(row);
    if (run === this.#run) this.#described = view;
  }

  /** Until event 1 is recorded its row says only that there is a session, and since when. */
  #shownRow(): SessionView {
    const { view } = this.#store;
    if (view.lastSeq > 0) return view;
    const { createdAt } = this.#kernel.committedView;
    return { ...view, createdAt, updatedAt: createdAt };
  }

  /** The kind's description is its author's code: if it throws, lists show the name. */
  #row(view: SessionView): DirectoryRow {
    try {
      return view.lastSeq === 0
        ? directoryRowOf(view)
        : directoryRowOf(view, this.#options.hooks.description);
    } catch (thrown) {
      this.#log("error", "describe() failed", String(thrown));
      return directoryRowOf(view);
    }
  }

  #failed(thrown: unknown): void {
    this.#sentAt = null;
    this.#recorder?.forget();
    // What it lacked is forgotten with what it had.
    this.#hasLooked = false;
    if (isContradiction(thrown)) {
      this.#freeze(thrown);
      return;
    }
    // A directory row that cannot be written is no reason to take no events.
    if (this.#unrecorded > 0) this.#failures += 1;
    this.#pause.begin();
    this.#arm(this.#options.clock.now() + this.#pause.leftMs);
    // The first of an outage and every tenth: it must not fill the operator log.
    if (this.#failures % 10 === 1)
      this.#log("warn", "The record does not answer; no commands are taken", detailOf(thrown));
    for (const settle of this.#queue.takeImpatient()) settle(outage(this.#pause.leftMs));
    this.#options.rearm();
  }

  #fellBack(recordEnd: number): void {
    const { lastSeq } = this.#store.view;
    this.#log(
      "warn",
      `The record ends at ${recordEnd} and once ended at ${lastSeq}: it is refilled from the log`,
    );
  }

  #freeze(reason: SessileError): void {
    const error = frozenBy(reason);
    this.#contradiction = error;
    this.#log("error", "The record contradicts the log: the session is frozen", detailOf(reason));
    this.#kernel.due.drop(mirrorDueId);
    this.#refuseWaiting(error);
    this.#options.rearm();
  }

  #refuseWaiting(error: SessileError): void {
    const { acks, settles } = this.#queue.takeUpTo(Number.POSITIVE_INFINITY);
    this.#options.disconnect(acks.keys(), error);
    for (const settle of settles) settle(error);
  }

  #arm(at: number): void {
    if (this.#isArmed && this.#failures === 0) return;
    this.#isArmed = true;
    this.#kernel.due.put(mirrorDueId, at);
    this.#options.rearm();
  }

  #log(level: "info" | "warn" | "error", message: string, detail: string | null = null): void {
    this.#kernel.operatorLog.write(this.#options.clock.now(), level, "record", message, { detail });
  }
}
