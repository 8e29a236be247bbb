import { setTimeout as delay } from "node:timers/promises";
import { connect, type SessionClient } from "../../src/client/index.ts";
import type { Callable } from "../../src/protocol/index.ts";
import type { Journal } from "./journal.ts";

/** The session's class as clients see it. */
export interface LedgerContract {
  readonly initialState: { readonly count: number };
  readonly eventTypes?: { readonly "tick.counted": { readonly appender: number; readonly n: number } };
  readonly begin: Callable<[string, number, number], boolean>;
  readonly count: Callable<[number], number>;
}

export interface AppenderOptions {
  readonly url: string;
  readonly session: string;
  readonly index: number;
  readonly journal: Journal;
  /** Longest pause between two commands; the shortest is none. */
  readonly maxPauseMs: number;
}

/**
 * Jitter for clients of a server that dies every second: each failure in a row doubles their wait, and with the whole of it most of
 * a run would be waiting.
 */
export const briefly = () => Math.random() / 16;

/** Every so many commands one that changes the state. */
const callEvery = 16;

/** One client that never has more than one command out, and writes down each answer before it goes on. */
export class Appender {
  readonly client: SessionClient<LedgerContract>;
  readonly #options: AppenderOptions;
  readonly #producer: string;
  /** Ids that were answered by an earlier delivery: committed, and their first answer lost. */
  readonly repeated = new Set<string>();
  acknowledged = 0;
  #n = 0;
  #inFlight: string | null = null;
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#producer = `a${options.index}`;
    this.client = connect<LedgerContract>({
      url: options.url,
      kind: "ledger",
      name: options.session,
      events: false,
      producer: this.#producer,
      epoch: 0,
      random: briefly,
    });
  }

  start(): void {
    this.#done = this.#run();
  }

  /** Id of the command that is on its way now; null between two, and while there is no connection to be on its way on. */
  get inFlight(): string | null {
    return this.client.getSnapshot().connection === "live" ? this.#inFlight : null;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    this.client.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const id = `${this.#producer}.0.${this.#n}`;
      this.#inFlight = id;
      const answer = this.#n % callEvery === callEvery - 1 ? await this.#call() : await this.#append();
      this.#options.journal.write({ id, seq: answer.seq, result: answer.result });
      this.acknowledged += 1;
      if (answer.repeated) this.repeated.add(id);
      this.#inFlight = null;
      this.#n += 1;
      await delay(Math.random() * this.#options.maxPauseMs);
    }
  }

  async #append() {
    const payload = { appender: this.#options.index, n: this.#n };
    const { seq, repeated } = await this.client.append("tick.counted", payload);
    return { seq, repeated, result: null };
  }

  async #call() {
    return { seq: null, repeated: false, result: await this.client.call.count(1) };
  }
}
