import type { Kernel } from "../../kernel/index.ts";
import type { Commit } from "../../protocol/event.ts";
import { sessionKeyOf } from "../../protocol/event-id.ts";
import { type ChainHead, chainStart, extendChain } from "../../protocol/log-chain.ts";
import { recordedEventsOf } from "../../protocol/recorded-event.ts";

const metaKey = "chainHead";
const pageChars = 256 * 1024;

/** The chain's head as far as it was needed, kept beside the log so that no event is hashed twice. */
export class ChainHeads {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  known(): ChainHead | null {
    const row = this.#kernel.sql.exec("SELECT value FROM _sessile_meta WHERE key = ?", metaKey)[0];
    return row ? (JSON.parse(String(row.value)) as ChainHead) : null;
  }

  keep(head: ChainHead): void {
    this.#kernel.sql.exec(
      "INSERT OR REPLACE INTO _sessile_meta VALUES (?, ?)",
      metaKey,
      JSON.stringify(head),
    );
  }

  forget(): void {
    this.#kernel.sql.exec("DELETE FROM _sessile_meta WHERE key = ?", metaKey);
  }

  /** The head at `seq`. Hashes what is missing page by page, and lets others run between pages. */
  async at(seq: number): Promise<ChainHead> {
    const { kind, name } = this.#kernel.committedView;
    let head = this.#nearest(seq) ?? chainStart(kind, name);
    const key = sessionKeyOf(kind, name);
    while (head.seq < seq) {
      const after = head.seq;
      const { commits } = this.#kernel.log.readAfter(after, pageChars);
      const events = commits
        .flatMap(({ body }) => recordedEventsOf(JSON.parse(body) as Commit, key, after))
        .filter((event) => event.seq <= seq);
      if (events.length === 0) throw new RangeError(`The log has no event ${after + 1}.`);
      head = extendChain(head, events);
      if (head.seq < seq) await scheduler.wait(0);
    }
    return head;
  }

  /** The known head or the archive's, whichever lies nearer before `seq`. */
  #nearest(seq: number): ChainHead | null {
    const tombstone = this.#kernel.archive.endingBy(seq);
    const archived = tombstone && { seq: tombstone.toSeq, hash: tombstone.hash };
    const usable = [this.known(), archived].filter((head) => head !== null && head.seq <= seq);
    return usable.sort((left, right) => (right?.seq ?? 0) - (left?.seq ?? 0))[0] ?? null;
  }
}
