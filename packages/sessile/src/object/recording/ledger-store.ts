import type { Kernel } from "../../kernel/index.ts";
import { readContinuation, splitText, writeContinuation } from "../../kernel/long-text.ts";
import { textAt } from "../../kernel/sql.ts";
import type { Commit } from "../../protocol/event.ts";
import { deepFreeze } from "../../protocol/json.ts";
import type { ChainHead } from "../../protocol/log-chain.ts";
import { emptyView, foldCommit, type SessionView } from "../../protocol/view.ts";
import { ChainHeads } from "../keeping/chain-head.ts";

const viewKey = "recordedView";
const pageChars = 512 * 1024;
/** Batches, or characters of commits, after which the recorded view is written down: bounds what a wake has to fold. */
const maxTailBatches = 64;
const maxTailChars = 512 * 1024;

/** How far the record is known to hold the log, and the view there; on disk beside the log, so that a wake shows no less. */
export class LedgerStore {
  readonly #kernel: Kernel;
  readonly #heads: ChainHeads;
  #view: SessionView;
  #head: ChainHead | null = null;
  /** Seq of the view on disk. */
  #keptSeq = 0;
  #tailBatches = 0;
  #tailChars = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#heads = new ChainHeads(kernel);
    this.#view = this.#load(Number(this.#read("recordedSeq") ?? 0));
  }

  /** The recorded view; its `lastSeq` is how far the record is known to go. */
  get view(): SessionView {
    return this.#view;
  }

  /** A number higher than any earlier instance's, also when the tables were lost in between: it is made from the time. */
  nextEpoch(now: number): number {
    const epoch = Math.max(now, Number(this.#read("ledgerEpoch") ?? 0) + 1);
    this.#write("ledgerEpoch", String(epoch));
    return epoch;
  }

  /** The chain's head at `seq`; undefined where the log no longer shows it. */
  async headAt(seq: number): Promise<ChainHead | undefined> {
    if (this.#head?.seq === seq) return this.#head;
    return this.#heads.at(seq).catch(() => undefined);
  }

  /** The record holds everything up to the end of `view`. */
  advance(view: SessionView, head: ChainHead | undefined, chars: number): void {
    this.#tailBatches += 1;
    this.#tailChars += chars;
    const keepsView = this.#tailBatches >= maxTailBatches || this.#tailChars >= maxTailChars;
    this.#kernel.sql.transaction(() => {
      this.#write("recordedSeq", String(view.lastSeq));
      if (head) this.#heads.keep(head);
      if (keepsView) this.#keep(view);
    });
    this.#view = view;
    this.#head = head ?? null;
    if (keepsView) this.#kept();
  }

  /** Writes the view down now, so that a wake needs no event of those there are. */
  checkpoint(): void {
    if (this.#keptSeq === this.#view.lastSeq) return;
    this.#kernel.sql.transaction(() => this.#keep(this.#view));
    this.#kept();
  }

  /** Another log has taken this one's place; nothing of it is known to be recorded. */
  reset(): void {
    const { sql } = this.#kernel;
    sql.transaction(() => {
      this.#heads.forget();
      sql.exec("DELETE FROM _sessile_meta WHERE key IN ('recordedSeq', ?)", viewKey);
      writeContinuation(sql, viewKey, [], true);
    });
    this.#head = null;
    this.#keptSeq = 0;
    this.#view = this.#load(0);
  }

  #load(recordedSeq: number): SessionView {
    const { committedView } = this.#kernel;
    const kept = this.#readView();
    this.#keptSeq = kept?.lastSeq ?? 0;
    if (recordedSeq >= committedView.lastSeq) return committedView;
    const base = this.#baseOf(recordedSeq, kept);
    // Only after a time in mirror mode: what follows the base has left the hot log, so all of it is compared anew.
    if (base.lastSeq < this.#kernel.archive.hotFrom - 1) return emptyView(base.kind, base.name);
    return deepFreeze(this.#fold(base, recordedSeq));
  }

  /** The latest view that is not beyond `seq`. */
  #baseOf(seq: number, kept: SessionView | null): SessionView {
    const { kind, name } = this.#kernel.committedView;
    const sealed = this.#kernel.snapshots.lastWithView(seq + 1)?.view ?? null;
    let base = emptyView(kind, name);
    for (const view of [kept, sealed])
      if (view && view.lastSeq <= seq && view.lastSeq > base.lastSeq) base = view;
    return base;
  }

  /** Whole commits only: what is shown ends where a commit does. */
  #fold(base: SessionView, recordedSeq: number): SessionView {
    let view = base;
    for (;;) {
      const { commits, more } = this.#kernel.log.readAfter(view.lastSeq, pageChars);
      for (const { lastSeq, body } of commits) {
        if (lastSeq > recordedSeq) return view;
        view = foldCommit(view, JSON.parse(body) as Commit);
      }
      if (!more) return view;
    }
  }

  #readView(): SessionView | null {
    const text = this.#read(viewKey);
    if (text === null) return null;
    return JSON.parse(text + readContinuation(this.#kernel.sql, viewKey)) as SessionView;
  }

  #keep(view: SessionView): void {
    const { head, tail } = splitText(JSON.stringify(view), this.#kernel.definition.limits.maxRowBytes);
    this.#write(viewKey, head);
    writeContinuation(this.#kernel.sql, viewKey, tail, true);
  }

  #kept(): void {
    this.#keptSeq = this.#view.lastSeq;
    this.#tailBatches = 0;
    this.#tailChars = 0;
  }

  #read(key: string): string | null {
    const row = this.#kernel.sql.exec("SELECT value FROM _sessile_meta WHERE key = ?", key)[0];
    return row ? textAt(row, "value") : null;
  }

  #write(key: string, value: string): void {
    this.#kernel.sql.exec("INSERT OR REPLACE INTO _sessile_meta VALUES (?, ?)", key, value);
  }
}
