// Bundled into the tabs that the browser tests open: a client, and the store's contract.
import { connect, indexedDbOutbox, type SessionClient } from "../../src/client/index.ts";
import type { SessionContract } from "../../src/protocol/index.ts";
import { outboxContract } from "../../src/testing/outbox-contract.ts";

export interface TabOptions {
  readonly name: string;
  readonly outbox?: boolean;
}

export interface Tab {
  client: SessionClient<SessionContract>;
  /** Every event the client told of, in order. */
  seqs: number[];
  open(options: TabOptions): void;
  /** Appends numbered notes and forgets their promises. */
  say(by: string, from: number, count: number): void;
  /** Runs one case of the contract in a database of its own. */
  contract(title: string): Promise<void>;
}

const tab: Tab = {
  client: null as unknown as Tab["client"],
  seqs: [],
  open: ({ name, outbox }) => {
    tab.client = connect({ kind: "notes", name, ...(outbox ? { outbox: indexedDbOutbox() } : {}) });
    tab.client.events.subscribe((events) => tab.seqs.push(...events.map(({ seq }) => seq)));
  },
  say: (by, from, count) => {
    for (let n = from; n < from + count; n++) tab.client.append("note.said", { by, n }).catch(() => {});
  },
  contract: async (title) => {
    const database = crypto.randomUUID();
    await outboxContract.find((one) => one.title === title)?.run(() => indexedDbOutbox({ database }));
  },
};

(globalThis as unknown as { tab: Tab }).tab = tab;
