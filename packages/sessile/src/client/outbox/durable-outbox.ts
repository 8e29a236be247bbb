import { type Command, closeCodes, SessileError, type WireError } from "../../protocol/index.ts";
import { httpUrlOf, type SessionClientOptions } from "../client-options.ts";
import type { CloseReason } from "../connection-state.ts";
import { Listeners } from "../listeners.ts";
import { ClientOutbox, type ClientOutboxOptions, notKept } from "./client-outbox.ts";
import {
  authored,
  isReadable,
  type KeptCommand,
  keptOf,
  pendingOf,
  type SettledCommand,
  storeError,
} from "./kept-command.ts";
import type { CommandResult, OutboxKeeper, OutboxOptions, QueuedCommand } from "./outbox.ts";
import type { OutboxAddress, OutboxJournal, OutboxStore, StoredCommand } from "./outbox-store.ts";
import { StoredQueue } from "./stored-queue.ts";

interface Row {
  command: StoredCommand;
  /** Its promise is held by somebody here. */
  isOwn: boolean;
  isQueued: boolean;
  isStored: boolean;
}

/** Between looks for what clients have left that are gone. */
const claimEveryMs = 30_000;
const maxRefused = 256;

/** A store, and what keeps a client's commands in it: apart from the client, so that pages without a store do without. */
export interface DurableStore extends OutboxStore {
  /** @internal */
  readonly keep: (options: ClientOutboxOptions) => DurableOutbox;
}

/** Makes a store one to give to a client. */
export function durable(store: OutboxStore): DurableStore {
  return {
    maxChars: store.maxChars,
    open: (address) => store.open(address),
    keep: (options) => new DurableOutbox(options, store),
  };
}

/**
 * Commands that outlive their client: a journal beside the outbox. What is in it is put there before it is sent and taken out
 * when it is answered; the ids do the rest, because the server knows them again whoever sends them.
 */
export class DurableOutbox extends ClientOutbox implements OutboxKeeper {
  /** @internal */
  declare readonly queue: StoredQueue;
  readonly #options: ClientOutboxOptions;
  readonly #store: OutboxStore;
  readonly #address: OutboxAddress;
  readonly #settled = new Listeners<SettledCommand>();
  #journal: OutboxJournal | null = null;
  #rows = new Map<string, Row>();
  #chars = 0;
  #actor: string | null | undefined;
  /** The server has named the actor to this client. */
  #isNamed = false;
  /** Whose commands are that were given before the server had named anybody. */
  #firstNamed: string | null | undefined;
  #isStarted = false;
  #error: SessileError | null = null;
  /** Everything asked of the store, one after the other. */
  #line: Promise<void> = Promise.resolve();
  #isWriteDue = false;
  #unwritten = new Set<Row>();
  #gone: string[] = [];
  #timer: unknown = null;
  #shown: { readonly kept: readonly KeptCommand[]; readonly others: readonly KeptCommand[] } | null = null;

  constructor(options: ClientOutboxOptions, store: OutboxStore) {
    super(options);
    this.#options = options;
    this.#store = store;
    this.#address = outboxAddressOf(options.client);
    this.#actor = options.client.actorId;
  }

  override get isDurable(): boolean {
    return this.#journal !== null;
  }

  override get error(): SessileError | null {
    return this.#error;
  }

  override get kept(): readonly KeptCommand[] {
    return this.#show().kept;
  }

  override get others(): readonly KeptCommand[] {
    return this.#show().others;
  }

  override saved(): Promise<void> {
    return this.#do(async () => {});
  }

  override onSettled(listener: (settled: SettledCommand) => void): () => void {
    return this.#settled.add(listener);
  }

  override dismiss(id: string): void {
    this.#remove(id, this.#lookUp(id));
    this.#scheduleWrite();
    this.#changed();
  }

  override async sendAgain(id: string): Promise<CommandResult> {
    const { id: _, ...command } = JSON.parse(this.#lookUp(id).command.text) as Command & { id: string };
    const count = this.#rows.size;
    const answer = this.#options.enqueue(() => command as Command);
    // Unless the new one was refused at once.
    if (this.#rows.size > count) this.dismiss(id);
    return answer;
  }

  /** @internal */
  override start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#do(() => this.#open());
  }

  /** The server says who this is. @internal */
  override welcomed(actor: string | null): void {
    if (!this.#isNamed || actor !== this.#actor) {
      if (this.#actor !== undefined && actor !== this.#actor) this.#options.abandon(notTheirs());
      this.#isNamed = true;
      this.#actor = actor;
      if (this.#firstNamed === undefined && this.#journal) this.#firstNamed = actor;
      this.#sort();
      void this.#do(async () => this.#journal?.setActor(actor));
    }
    void this.#do(() => this.#claim());
  }

  /** Nothing is sent any more; what is not answered stays in the store. @internal */
  override fail(error: SessileError, reason: CloseReason): void {
    // Nobody will ever take them.
    if (reason.kind === "refused" && reason.code === closeCodes.gone)
      for (const [id, { isQueued }] of [...this.#rows]) if (isQueued) this.answered(id, error);
    super.fail(reason.kind === "stopped" && this.isDurable ? leftForNext() : error, reason);
    this.#stop();
  }

  protected override makeQueue(options: OutboxOptions): StoredQueue {
    return new StoredQueue({ ...options, keeper: this });
  }

  /** @internal */
  admit(chars: number): void {
    const { maxChars } = this.#store;
    if (this.#chars + chars <= maxChars) return;
    throw new SessileError(
      "limit_exceeded",
      `Stored commands take up ${this.#chars} of ${maxChars} characters. Wait for answers, or dismiss what was refused.`,
      { limit: "maxChars" },
    );
  }

  /** @internal */
  added(command: QueuedCommand): void {
    const row = { command: authored(command, this.#actor), isOwn: true, isQueued: true, isStored: false };
    this.#add(row);
    this.#unwritten.add(row);
    this.#scheduleWrite();
  }

  /** @internal */
  answered(id: string, outcome: CommandResult | SessileError): void {
    const row = this.#rows.get(id);
    if (!row) return;
    const { isOwn, command } = row;
    if (outcome instanceof SessileError && !isOwn) this.#refused(row, outcome.toWire());
    else this.#remove(id, row);
    this.#scheduleWrite();
    if (!isOwn) this.#settled.emit(Object.freeze({ ...pendingOf(command), outcome }));
  }

  #stop(): void {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#options.clock.clearTimeout(this.#timer);
    void this.#do(() => this.#close());
    // What is not written yet is written before that.
    this.#rows = new Map();
    this.#chars = 0;
    this.#isNamed = false;
    this.#changed();
  }

  async #open(): Promise<void> {
    try {
      const journal = await this.#store.open(this.#address);
      this.#journal = journal;
      this.#error = null;
      const remembered = await journal.actor();
      if (this.#actor === undefined) this.#actor = remembered;
      this.#firstNamed = remembered === undefined && this.#isNamed ? this.#actor : remembered;
    } catch (thrown) {
      this.#error = storeError(thrown, "The outbox cannot be opened, so commands are kept in memory only.");
    }
    this.#sort();
    await this.#claim();
  }

  async #close(): Promise<void> {
    const journal = this.#journal;
    this.#journal = null;
    await journal?.close();
  }

  async #claim(): Promise<void> {
    const { clock } = this.#options;
    if (!this.#journal || !this.#isStarted) return;
    const claimed = await this.#journal.claim();
    if (!this.#isStarted) return;
    for (const command of claimed) {
      if (this.#rows.has(command.id)) continue;
      if (isReadable(command)) {
        this.#add({ command, isOwn: false, isQueued: false, isStored: true });
        continue;
      }
      this.#gone.push(command.id);
      this.#error = storeError(null, "A stored command could not be read and was dropped.");
    }
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => void this.#do(() => this.#claim()), claimEveryMs);
    if (claimed.length > 0) this.#sort();
  }

  /** Puts each command where it belongs now that more is known of who gives them. */
  #sort(): void {
    const back: StoredCommand[] = [];
    const away: string[] = [];
    for (const row of this.#rows.values()) {
      const { refusal, id } = row.command;
      const giver = row.isOwn ? this.#actor : this.#firstNamed;
      if (row.command.author === undefined && giver !== undefined) {
        row.command = { ...row.command, author: giver };
        this.#unwritten.add(row);
      }
      const isDue =
        refusal === undefined && row.command.author === this.#actor && (row.isStored || row.isQueued);
      if (isDue && !row.isQueued) back.push(row.command);
      else if (!isDue && row.isQueued) away.push(id);
      row.isOwn &&= isDue;
      row.isQueued = isDue;
    }
    this.queue.restore(back);
    this.queue.withdraw(away, notTheirs());
    this.#scheduleWrite();
    this.#changed();
  }

  #scheduleWrite(): void {
    const isIdle = this.#unwritten.size === 0 && this.#gone.length === 0;
    if (!this.#isStarted || this.#isWriteDue || isIdle) return;
    this.#isWriteDue = true;
    void this.#do(() => this.#write());
  }

  async #write(): Promise<void> {
    this.#isWriteDue = false;
    const rows = [...this.#unwritten];
    const gone = this.#gone;
    this.#unwritten = new Set();
    this.#gone = [];
    if (!(await this.#put(rows))) this.#gone.unshift(...gone);
    else if (gone.length > 0) await this.#journal?.remove(gone);
  }

  async #put(rows: readonly Row[]): Promise<boolean> {
    if (rows.length === 0) return true;
    const fresh = rows.filter(({ isStored }) => !isStored);
    const ids = fresh.map(({ command: { id } }) => id);
    try {
      await this.#journal?.put(rows.map(({ command }) => command));
      for (const row of rows) row.isStored = true;
      this.queue.stored(ids);
      if (rows.some(({ isQueued, command }) => !isQueued && command.refusal === undefined)) this.#sort();
      this.#options.leave();
      return true;
    } catch (thrown) {
      this.#error = storeError(thrown, "The command could not be stored, so it was not sent.");
      for (const row of fresh) this.#forget(row.command.id, row);
      this.queue.withdraw(ids, this.#error);
      this.#changed();
      return false;
    }
  }

  #refused(row: Row, refusal: WireError): void {
    row.command = { ...row.command, refusal };
    row.isQueued = false;
    this.#unwritten.add(row);
    const refused = [...this.#rows.values()].filter(({ command }) => command.refusal !== undefined);
    for (const old of refused.slice(0, -maxRefused)) this.#remove(old.command.id, old);
    this.#changed();
  }

  #lookUp(id: string): Row {
    const row = this.#rows.get(id);
    if (row && !row.isQueued) return row;
    throw notKept(id);
  }

  #add(row: Row): void {
    this.#rows.set(row.command.id, row);
    this.#chars += row.command.text.length;
  }

  #forget(id: string, row: Row): void {
    if (this.#rows.delete(id)) this.#chars -= row.command.text.length;
    this.#unwritten.delete(row);
  }

  #remove(id: string, row: Row): void {
    this.#forget(id, row);
    this.#gone.push(id);
  }

  /** A store that fails does not stop what comes after. */
  #do(task: () => Promise<unknown>): Promise<void> {
    this.#line = this.#line.then(task).then(
      () => {},
      (thrown) => {
        this.#error = storeError(thrown, "The outbox does not answer as it should.");
        this.#changed();
      },
    );
    return this.#line;
  }

  #changed(): void {
    this.#shown = null;
    this.#options.changed();
  }

  #show() {
    if (!this.#shown) {
      const idle = [...this.#rows.values()]
        .filter(({ isQueued }) => !isQueued)
        .map(({ command }) => keptOf(command));
      this.#shown = {
        kept: Object.freeze(idle.filter(({ author }) => author === this.#actor)),
        others: Object.freeze(idle.filter(({ author }) => author !== this.#actor)),
      };
    }
    return this.#shown;
  }
}

function notTheirs(): SessileError {
  return new SessileError(
    "forbidden",
    "Another actor uses this client now. The command waits for who gave it.",
    {
      reason: "author",
    },
  );
}

/** @throws SessileError `bad_request` if the client's numbering is not its own to choose */
function leftForNext(): SessileError {
  return new SessileError(
    "unavailable",
    "The client was closed before an answer came. The command is kept, and sent by the session's next client.",
  );
}

function outboxAddressOf(options: SessionClientOptions): OutboxAddress {
  if (options.producer !== undefined)
    throw new SessileError(
      "bad_request",
      "A client with an outbox chooses its producer itself: commands of several may wait in the store.",
      { field: "producer" },
    );
  const session = httpUrlOf(options);
  return { session, server: session.replace(/[^/]+\/[^/]+$/, "") };
}
