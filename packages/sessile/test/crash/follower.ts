import { connect, type SessionClient } from "../../src/client/index.ts";
import { briefly, type LedgerContract } from "./appender.ts";

/** A client that only reads along, through every kill, and notes what it gets twice or not at all. */
export class Follower {
  readonly client: SessionClient<LedgerContract>;
  readonly faults: string[] = [];
  #lastSeq = 0;

  constructor(url: string, session: string) {
    this.client = connect<LedgerContract>({
      url,
      kind: "ledger",
      name: session,
      history: 1_000_000,
      maxEvents: 100,
      random: briefly,
    });
    this.client.events.subscribe((events) => {
      for (const { seq } of events) {
        if (seq !== this.#lastSeq + 1) this.faults.push(`a follower got ${seq} after ${this.#lastSeq}`);
        this.#lastSeq = seq;
      }
    });
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get view() {
    return this.client.getSnapshot().view;
  }
}
