import { type Ack, type Json, type RequestAck, SessileError } from "../../protocol/index.ts";
import { maxCommandsPerFrame } from "../../protocol/limits.ts";
import { maxPackedChars } from "../outbox/outbox.ts";
import type { SessionRequests } from "../session-requests.ts";

export interface SentCommand {
  readonly id: string;
  readonly op: string;
  readonly [field: string]: Json;
}

export interface HttpCommandsOptions {
  readonly requests: SessionRequests;
  /** Aborted when the connection is over. */
  readonly ended: AbortSignal;
  readonly onAcks: (acks: readonly Ack[], commands: readonly SentCommand[]) => Promise<void>;
  readonly onFailure: (thrown: unknown) => void;
}

/** How long the server holds a request that asks for calls which run. */
const joinSeconds = 25;

/** Commands as requests. */
export class HttpCommands {
  readonly #options: HttpCommandsOptions;
  #line: Promise<void> = Promise.resolve();
  /** Asynchronous calls that have begun, by id. */
  readonly #running = new Map<string, SentCommand>();
  /** Ends the request that asks for them when there are more to ask for. */
  #joining = new AbortController();

  constructor(options: HttpCommandsOptions) {
    this.#options = options;
  }

  /** One frame after the other, each when the one before is answered: two requests might overlap, and overtake each other. */
  send(commands: readonly SentCommand[]): void {
    const { requests, ended } = this.#options;
    this.#line = this.#line.then(() =>
      this.#guard(ended, async () => {
        const answers = await requests.commands(commands, 0, ended);
        if (ended.aborted) return;
        for (const answer of answers) {
          const command = commands.find(({ id }) => id === answer.id);
          if ("running" in answer && command) this.#running.set(answer.id, command);
        }
        await this.#settle(answers, commands);
        if (answers.some((answer) => "running" in answer)) void this.#join();
      }),
    );
  }

  /** Asks for all calls that run in one request, because a browser has few connections to one server. */
  async #join(): Promise<void> {
    const { requests, ended } = this.#options;
    this.#joining.abort();
    this.#joining = new AbortController();
    const over = AbortSignal.any([ended, this.#joining.signal]);
    await this.#guard(over, async () => {
      while (this.#running.size > 0) {
        const commands = oneRequestOf(this.#running.values());
        const answers = await requests.commands(commands, joinSeconds, over);
        if (over.aborted) return;
        await this.#settle(answers, commands);
      }
    });
  }

  async #settle(answers: readonly RequestAck[], commands: readonly SentCommand[]): Promise<void> {
    const settled = answers.filter((answer) => !("running" in answer)) as readonly Ack[];
    const passing = settled.map(refusalOf).find((error) => error?.retryable);
    const acks = settled.filter((ack) => !refusalOf(ack)?.retryable);
    for (const { id } of acks) this.#running.delete(id);
    if (acks.length > 0) await this.#options.onAcks(acks, commands);
    // Were one refused for now and the next frame taken, their order would be lost. Both come again, in order.
    if (passing) throw passing;
  }

  async #guard(over: AbortSignal, run: () => Promise<void>): Promise<void> {
    try {
      if (!over.aborted) await run();
    } catch (thrown) {
      if (!over.aborted) this.#options.onFailure(thrown);
    }
  }
}

function oneRequestOf(running: Iterable<SentCommand>): readonly SentCommand[] {
  const commands: SentCommand[] = [];
  let chars = 0;
  for (const command of running) {
    chars += JSON.stringify(command).length;
    if (commands.length === maxCommandsPerFrame) break;
    if (commands.length > 0 && chars > maxPackedChars) break;
    commands.push(command);
  }
  return commands;
}

function refusalOf(ack: Ack): SessileError | null {
  return "error" in ack ? SessileError.fromWire(ack.error) : null;
}
