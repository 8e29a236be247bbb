import { type Ack, type Command, SessileError } from "../../protocol/index.ts";
import type { SessionClientOptions } from "../client-options.ts";
import type { CloseReason } from "../connection-state.ts";
import type { Clock } from "../environment.ts";
import type { KeptCommand, SettledCommand } from "./kept-command.ts";
import { type CommandResult, Outbox, type OutboxOptions } from "./outbox.ts";

export interface ClientOutboxOptions extends Omit<OutboxOptions, "keeper"> {
  /** What the client was made with. */
  readonly client: SessionClientOptions;
  readonly clock: Clock;
  /** Queues a command as any other. */
  readonly enqueue: (make: () => Command) => Promise<CommandResult>;
  /** Commands may leave. */
  readonly leave: () => void;
  /** What is shown has changed. */
  readonly changed: () => void;
  /** Somebody else uses the client now: what was begun and is no command yet is given up. */
  readonly abandon: (error: SessileError) => void;
}

/** Commands as long as the client lives. What outlives it is `DurableOutbox`, which only a store brings along. */
export class ClientOutbox {
  /** The queue itself. @internal */
  readonly queue: Outbox;
  readonly #options: ClientOutboxOptions;
  #retryTimer: unknown = null;

  constructor(options: ClientOutboxOptions) {
    this.#options = options;
    this.queue = this.makeQueue(options);
  }

  /** Whether commands given now are stored: false without a store, until it is open, and where it does not work. */
  get isDurable(): boolean {
    return false;
  }

  /** What is wrong with the store. */
  get error(): SessileError | null {
    return null;
  }

  /** This actor's commands that were refused when nobody was there to be told, until they are dismissed: the latest 256. */
  get kept(): readonly KeptCommand[] {
    return none;
  }

  /** Commands of other actors who used this store. They are sent when their author is back. */
  get others(): readonly KeptCommand[] {
    return none;
  }

  /** Resolves when what was given so far is stored, or refused. A process may end then. */
  saved(): Promise<void> {
    return Promise.resolve();
  }

  /** Hears how commands of clients before this one end. Returns a function that stops it. */
  onSettled(_listener: (settled: SettledCommand) => void): () => void {
    return () => {};
  }

  /**
   * Forgets one of `kept` or `others`.
   *
   * @throws SessileError `not_found`
   */
  dismiss(id: string): void {
    throw notKept(id);
  }

  /**
   * Gives one of `kept` or `others` anew, as a command of this client and this actor.
   *
   * @throws SessileError `not_found`
   */
  async sendAgain(id: string): Promise<CommandResult> {
    throw notKept(id);
  }

  /** @internal */
  start(): void {}

  /** The server says who this is. @internal */
  welcomed(_actor: string | null): void {}

  /** The frames to send now. @internal */
  take(): string[] {
    return this.queue.take(this.#options.clock.now());
  }

  /** Takes in answers. @internal */
  settle(acks: readonly Ack[], lastSeq: number): void {
    const { clock, leave } = this.#options;
    this.queue.settle(acks, lastSeq, clock.now());
    clock.clearTimeout(this.#retryTimer);
    const { retryAt } = this.queue;
    if (retryAt !== null) this.#retryTimer = clock.setTimeout(leave, retryAt - clock.now());
  }

  /** Nothing is sent any more. @internal */
  fail(error: SessileError, reason: CloseReason): void {
    this.#options.clock.clearTimeout(this.#retryTimer);
    this.queue.fail(error, reason.kind === "stopped");
  }

  protected makeQueue(options: OutboxOptions): Outbox {
    return new Outbox(options);
  }
}

const none: readonly KeptCommand[] = Object.freeze([]);

export function notKept(id: string): SessileError {
  return new SessileError("not_found", `No command ${id} is kept.`, { field: "id" });
}
