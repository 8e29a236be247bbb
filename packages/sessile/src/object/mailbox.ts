import type { Task, Transaction } from "../kernel/kernel.ts";
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

/**
 * Every inbound command enters here, and one commit takes all that wait: the first arms a wait of 0 ms, so that
 * whatever arrives in the same turn of the event loop shares its fsync. With one command in flight this costs nothing
 * measurable; with many it is the main speed advantage. A commit ends at a count and a size, not at a time: Workers'
 * clocks stand still while code runs (Cloudflare, "Performance and timers", read 2026-11).
 */
export class Mailbox<L extends Letter> {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #deliver: (letters: Iterable<L>) => Transaction;
  readonly #delivered: (batch: Delivered<L>) => void;
  readonly #failed: (letters: readonly L[], thrown: unknown) => void;
  #waiting: L[] = [];
  #head = 0;
  #armed = false;

  constructor(
    limits: Limits,
    clock: Clock,
    handlers: {
      /** Commits the letters; must consume the iterable in order. */
      deliver: (letters: Iterable<L>) => Transaction;
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
    void this.#clock.wait(0).then(() => this.#drain());
  }

  #drain(): void {
    this.#armed = false;
    const letters: L[] = [];
    try {
      const transaction = this.#deliver(this.#take(letters));
      this.#compact();
      this.#delivered({ letters, outcomes: transaction.outcomes, transaction });
    } catch (thrown) {
      this.#compact();
      this.#failed(letters, thrown);
    }
    if (this.size > 0) this.#arm();
  }

  *#take(letters: L[]): Generator<L> {
    let chars = 0;
    while (this.#head < this.#waiting.length && letters.length < this.#limits.maxCommitCommands) {
      const letter = this.#waiting[this.#head] as L;
      if (letters.length > 0 && chars + letter.chars > this.#limits.maxCommitChars) return;
      this.#head += 1;
      chars += letter.chars;
      letters.push(letter);
      yield letter;
    }
  }

  #compact(): void {
    if (this.#head === this.#waiting.length) this.#waiting = [];
    else if (this.#head > 4096) this.#waiting = this.#waiting.slice(this.#head);
    else return;
    this.#head = 0;
  }
}
