import type { Task, Transaction } from "../kernel/task.ts";
import type { Outcome } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Clock } from "./clock.ts";

export interface Letter extends Task {
  /** Characters the command came in, so that one commit does not grow past its bound. */
  readonly chars: number;
}

export interface Delivered<L extends Letter> {
  readonly letters: readonly L[];
  readonly outcomes: readonly Outcome[];
  readonly transaction: Transaction;
}

/** Commands that may arrive within one turn's wait behind another before they are grouped; one is its sender's next. */
const maxCompany = 1;

/**
 * Every inbound command enters here, and one commit takes all that wait. Under load the first arms a wait of 0 ms, so
 * that whatever arrives in the same turn of the event loop shares its fsync: the main speed advantage. For a command
 * that comes alone that wait is a good part of its whole time, so as long as they come alone they are committed in the
 * turn they came in; company behind one shows that it is time to group, and a group of one that it no longer is.
 *
 * A commit ends at a count and a size, not at a time: Workers' clocks stand still while code runs (Cloudflare,
 * "Performance and timers", read 2026-11).
 */
export class Mailbox<L extends Letter> {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #deliver: (letters: readonly L[]) => Transaction;
  readonly #delivered: (batch: Delivered<L>) => void;
  readonly #failed: (letters: readonly L[], thrown: unknown) => void;
  #waiting: L[] = [];
  #head = 0;
  #armed = false;
  /** Whether commands come one by one. */
  #alone = true;
  /** Commits since the last wait began, while commands come one by one; null outside of such a wait. */
  #company: number | null = null;
  /** In a row. */
  #groupsOfOne = 0;

  constructor(
    limits: Limits,
    clock: Clock,
    handlers: {
      /** Commits the letters, in order. */
      deliver: (letters: readonly L[]) => Transaction;
      /** Must not throw. */
      delivered: (batch: Delivered<L>) => void;
      /** The commit itself failed. */
      failed: (letters: readonly L[], thrown: unknown) => void;
    },
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#deliver = handlers.deliver;
    this.#delivered = handlers.delivered;
    this.#failed = handlers.failed;
  }

  get size(): number {
    return this.#waiting.length - this.#head;
  }

  /** @throws SessileError `overloaded` */
  push(letter: L): void {
    if (this.size >= this.#limits.maxMailbox) {
      throw new SessileError(
        "overloaded",
        "This session has more waiting commands than it accepts. Try again shortly.",
        {
          limit: "maxMailbox",
          retryAfterMs: 250,
        },
      );
    }
    this.#waiting.push(letter);
    this.#arm();
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    // A microtask, so that all commands of one frame are in.
    if (this.#alone) queueMicrotask(() => this.#commitAtOnce());
    else void this.#clock.wait(0).then(() => this.#commitGroup());
  }

  #commitAtOnce(): void {
    this.#armed = false;
    try {
      this.#commit();
    } finally {
      this.#noteCompany();
      if (this.size > 0) this.#arm();
    }
  }

  #noteCompany(): void {
    if (this.#company === null) {
      this.#company = 0;
      void this.#clock.wait(0).then(() => {
        this.#company = null;
      });
    } else {
      this.#company += 1;
      this.#alone = this.#company <= maxCompany;
      this.#groupsOfOne = 0;
    }
  }

  #commitGroup(): void {
    this.#armed = false;
    try {
      this.#groupsOfOne = this.#commit() === 1 ? this.#groupsOfOne + 1 : 0;
      this.#alone = this.#groupsOfOne >= 8;
    } finally {
      if (this.size > 0) this.#arm();
    }
  }

  /** @returns how many letters it took */
  #commit(): number {
    const letters = this.#take();
    let transaction: Transaction;
    try {
      transaction = this.#deliver(letters);
    } catch (thrown) {
      this.#failed(letters, thrown);
      return letters.length;
    }
    this.#delivered({ letters, outcomes: transaction.outcomes, transaction });
    return letters.length;
  }

  /** What the next commit takes: at least one letter, and no more than fit in it. */
  #take(): readonly L[] {
    const { maxCommitCommands, maxCommitChars } = this.#limits;
    const from = this.#head;
    let chars = 0;
    for (; this.#head < this.#waiting.length && this.#head - from < maxCommitCommands; this.#head++) {
      chars += (this.#waiting[this.#head] as L).chars;
      if (chars > maxCommitChars && this.#head > from) break;
    }
    const letters = this.#waiting.slice(from, this.#head);
    this.#compact();
    return letters;
  }

  #compact(): void {
    if (this.#head === this.#waiting.length) this.#waiting = [];
    else if (this.#head > 4096) this.#waiting = this.#waiting.slice(this.#head);
    else return;
    this.#head = 0;
  }
}
