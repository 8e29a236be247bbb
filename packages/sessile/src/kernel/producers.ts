import { SessileError } from "../protocol/error.ts";
import type { Commit } from "../protocol/event.ts";
import { type ProducerPosition, parseProducerPosition } from "../protocol/ids.ts";
import { numberAt, type Sql, textAt } from "./sql.ts";

/** How far one producer has come. */
interface Producer {
  readonly actor: string;
  readonly epoch: number;
  /** Highest n applied in this epoch. Grows in place, because it does with every command. */
  n: number;
  /** No event of this epoch has a seq at or below this. */
  readonly sinceSeq: number;
}

export type Recall =
  /** Never applied: run it. */
  | { readonly is: "new" }
  /** May have been applied with a seq above `sinceSeq`: search the log for its id. */
  | { readonly is: "maybe"; readonly sinceSeq: number };

/**
 * Exactly-once by (producer, epoch, n). A position beyond the highest one is surely new and costs nothing to decide;
 * at or below it the log is searched, so neither a lost answer nor reordering can apply a command twice. Positions are
 * derived from the log, written with the view's checkpoint and refolded from the tail on wake: no row per commit.
 */
export class Producers {
  readonly #sql: Sql;
  readonly #known = new Map<string, Producer>();
  readonly #dirty = new Set<string>();
  /** What the open batch has applied; hides `#known`. */
  readonly #open = new Map<string, Producer>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @throws SessileError `fenced` for an older epoch or another actor's producer */
  recall(position: ProducerPosition, actor: string): Recall {
    const producer = this.#get(position.producer);
    if (!producer) return { is: "new" };
    if (producer.actor !== actor) {
      throw new SessileError("fenced", "This producer belongs to another actor. Choose a new producer id.", {
        field: "id",
      });
    }
    if (position.epoch < producer.epoch) {
      throw new SessileError(
        "fenced",
        "A newer epoch of this producer has taken over. Start again with a higher epoch.",
        { field: "id" },
      );
    }
    if (position.epoch > producer.epoch || position.n > producer.n) return { is: "new" };
    return { is: "maybe", sinceSeq: producer.sinceSeq };
  }

  /** A command of the open batch wrote its first event as `seq`. */
  note({ producer: name, epoch, n }: ProducerPosition, actor: string, seq: number): void {
    const open = this.#open.get(name);
    if (open?.epoch === epoch) {
      open.n = Math.max(open.n, n);
      return;
    }
    const before = this.#get(name);
    // A newer epoch has taken over.
    if (before && before.epoch > epoch) return;
    if (before?.epoch === epoch) this.#open.set(name, { ...before, n: Math.max(before.n, n) });
    else this.#open.set(name, { actor, epoch, n, sinceSeq: seq - 1 });
  }

  /** The open batch is in the log. */
  keep(): void {
    for (const [name, producer] of this.#open) {
      this.#known.set(name, producer);
      this.#dirty.add(name);
    }
    this.#open.clear();
  }

  /** The open batch has come to nothing. */
  forget(): void {
    this.#open.clear();
  }

  /** Learns from a commit of the log, on wake. */
  advance(commit: Commit): void {
    for (const [index, event] of commit.events.entries()) {
      if (event.clientEventId === undefined) continue;
      const position = parseProducerPosition(event.clientEventId);
      if (!position) continue;
      const actor = event.by === undefined ? "" : (commit.actors[event.by]?.id ?? "");
      this.note(position, actor, commit.firstSeq + index);
    }
    this.keep();
  }

  /** Writes what changed since the last time. The caller holds the transaction that also writes the view. */
  checkpoint(): void {
    for (const name of this.#dirty) {
      const producer = this.#known.get(name);
      if (!producer) continue;
      this.#sql.exec(
        "INSERT OR REPLACE INTO _sessile_producer VALUES (?, ?, ?, ?, ?)",
        name,
        producer.actor,
        producer.epoch,
        producer.n,
        producer.sinceSeq,
      );
    }
  }

  /** After the checkpoint is durable: forgets what is safely on disk, so that memory is bounded by the tail. */
  settled(): void {
    this.#dirty.clear();
    if (this.#known.size > 1024) this.#known.clear();
  }

  #get(name: string): Producer | undefined {
    const known = this.#open.get(name) ?? this.#known.get(name);
    if (known) return known;
    const row = this.#sql.exec(
      "SELECT actor, epoch, n, since_seq FROM _sessile_producer WHERE producer = ?",
      name,
    )[0];
    if (!row) return undefined;
    const producer = {
      actor: textAt(row, "actor"),
      epoch: numberAt(row, "epoch"),
      n: numberAt(row, "n"),
      sinceSeq: numberAt(row, "since_seq"),
    };
    this.#known.set(name, producer);
    return producer;
  }
}
