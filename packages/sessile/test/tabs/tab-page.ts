// Bundled into the tabs that the browser tests open: a client, and the store's contract.
import {
  connect,
  indexedDbOutbox,
  longPoll,
  type SessionClient,
  shared,
  sse,
  websocket,
} from "../../src/client/index.ts";
import type { Callable, SessionContract } from "../../src/protocol/index.ts";
import { outboxContract } from "../../src/testing/outbox-contract.ts";

interface Notes extends SessionContract {
  readonly eventTypes?: { readonly "note.said": { readonly by: string; readonly n: number } };
  readonly instance: Callable<[], string>;
}

export interface TabOptions {
  readonly name: string;
  readonly outbox?: boolean;
  /** What all tabs of the browser share. */
  readonly share?: keyof typeof transports;
  /** Whom the requests name. Not the socket, which a browser gives no headers. */
  readonly user?: string;
}

const transports = { websocket, sse, longPoll };

export interface Tab {
  client: SessionClient<Notes>;
  /** Every event the client told of, in order. */
  seqs: number[];
  signals: unknown[];
  open(options: TabOptions): void;
  /** Appends numbered notes and forgets their promises. */
  say(by: string, from: number, count: number): void;
  /** Runs one case of the contract in a database of its own. */
  contract(title: string): Promise<void>;
}

const tab: Tab = {
  client: null as unknown as Tab["client"],
  seqs: [],
  signals: [],
  open: ({ name, outbox, share, user }) => {
    const headers = user === undefined ? {} : { "x-test-user": user };
    tab.client = connect<Notes>({
      kind: "notes",
      name,
      ...(outbox ? { outbox: indexedDbOutbox() } : {}),
      ...(share ? { transport: shared({ transport: transports[share]({ headers }), headers }) } : {}),
    });
    tab.client.onSignal(({ signal }) => tab.signals.push(signal));
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
