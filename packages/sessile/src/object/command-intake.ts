import type { Kernel, Transaction } from "../kernel/index.ts";
import { type Action, actionOf } from "../protocol/access.ts";
import { type Command, type Outcome, parseCommand } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import type { Ack } from "../protocol/frame.ts";
import type { Json } from "../protocol/json.ts";
import type { Limits } from "../protocol/limits.ts";
import type { QuotaStatus } from "../protocol/quota.ts";
import { AsyncCalls, type Call } from "./async-calls.ts";
import { AwaitedCommand, outcomesWithin } from "./awaited-command.ts";
import type { FoundMethod } from "./callable.ts";
import type { Clock } from "./clock.ts";
import { CommandLetter, type Destination, type Envelope } from "./command-letter.ts";
import { noteGateAnswer } from "./gates/gate-trail.ts";
import { type Delivered, Mailbox } from "./mailbox.ts";
import { QuotaGate } from "./meter/quota-gate.ts";
import type { SessionHooks } from "./session-hooks.ts";

/** Whose commands these are; `rights` are what the worker's authorizer lets them do, absent for everything. */
export interface Sender {
  readonly actor: Actor | null;
  readonly rights?: readonly Action[];
  /** Salted hash of the address it comes from. */
  readonly client?: string;
}

/** What a request wants of its commands. */
export interface RequestWishes {
  /** Hears what is left of the sender's quota. */
  readonly onQuota?: Envelope["onQuota"];
  /** How long it waits while asynchronous calls run. Default: until they end. */
  readonly waitMs?: number | undefined;
}

/** A command of a peer that has other frames than this protocol's for it. */
export interface PeerCommand extends Pick<Envelope, "chars" | "method"> {
  readonly command: Json;
}

function forbidden({ op }: Command): SessileError {
  return new SessileError("forbidden", `You may not ${actionOf(op)} in this session.`);
}

export interface CommandIntakeOptions {
  readonly kernel: Kernel;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly hooks: SessionHooks;
  /** Sends outcomes that no commit carries. */
  readonly send: (socket: WebSocket, acks: string) => void;
  readonly committed: (transaction: Transaction, acks: ReadonlyMap<WebSocket, string>) => void;
  /** Why commands are not taken now; null if they are. */
  readonly refusal: () => SessileError | null;
  /** Runs `settle` when everything committed up to now is shown. */
  readonly whenShown: (settle: (failure: SessileError | null) => void) => void;
  readonly report: (message: string, thrown: unknown) => void;
  /** Tells a socket what is left of its quota. */
  readonly tellQuota: (socket: WebSocket, status: QuotaStatus) => void;
  /** Ends a connection with the error that says when to come back. */
  readonly disconnect: (socket: WebSocket, error: SessileError) => void;
  /** Ends this instance: its memory can no longer be trusted. */
  readonly abort: (thrown: unknown) => void;
}

/** Takes commands from sockets and requests, puts them in the mailbox, and brings their outcomes back. */
export class CommandIntake {
  readonly #options: CommandIntakeOptions;
  readonly #mailbox: Mailbox<CommandLetter>;
  /** Null for a kind without quotas. */
  readonly #quota: QuotaGate<CommandLetter> | null;
  readonly #calls: AsyncCalls;

  constructor(options: CommandIntakeOptions) {
    this.#options = options;
    this.#mailbox = new Mailbox<CommandLetter>(options.limits, options.clock, {
      deliver: (letters) => options.kernel.transact(letters, options.clock.now()),
      delivered: (batch) => this.#orAbort(() => this.#delivered(batch)),
      failed: (letters, thrown) => this.#orAbort(() => this.#failed(letters, thrown)),
    });
    this.#calls = new AsyncCalls(options);
    this.#quota = this.#quotaGate();
  }

  /**
   * Commands of one frame, each on its own: a bad one is answered with its error and the others go on.
   *
   * @throws SessileError `overloaded` or `unavailable`, which ends the connection: were one command refused and the next frame's taken, the
   * sender's order would be lost. It comes back after `retryAfterMs` and sends again what was not answered.
   */
  fromSocket(socket: WebSocket, sender: Sender, values: readonly Json[], chars: number): void {
    this.#assertCount(values);
    const { actor, rights, client } = sender;
    const refusal = this.#options.refusal();
    if (refusal?.retryable) throw refusal;
    const envelope: Envelope = {
      actor,
      rights,
      client,
      origin: "websocket",
      destination: socket,
      totalChars: chars,
      chars: chars / values.length,
    };
    const refused: Ack[] = [];
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as Json;
      try {
        const command = parseCommand(value, "commands", index);
        if (command.id === undefined) {
          throw new SessileError(
            "bad_request",
            `commands.${index}.id is missing: its outcome could not be told.`,
            { field: `commands.${index}.id` },
          );
        }
        if (rights && !rights.includes(actionOf(command.op))) throw forbidden(command);
        this.#enter(command, envelope, socket);
      } catch (thrown) {
        const error = SessileError.from(thrown);
        if (error.code === "overloaded") {
          if (refused.length > 0) this.#options.send(socket, JSON.stringify(refused));
          throw error;
        }
        refused.push({ id: idOf(value), error: error.toWire() });
      }
    }
    if (refused.length > 0) this.#options.send(socket, JSON.stringify(refused));
  }

  /**
   * A command whose outcome is told in another protocol.
   *
   * @throws SessileError what ends the connection, as in `fromSocket`
   */
  fromPeer(
    socket: WebSocket,
    { actor, rights, client }: Sender,
    { command: value, chars, method }: PeerCommand,
    settle: (outcome: Outcome) => void,
  ): void {
    const refusal = this.#options.refusal();
    if (refusal?.retryable) throw refusal;
    try {
      const command = parseCommand(value, "frame");
      if (rights && !rights.includes(actionOf(command.op))) throw forbidden(command);
      this.#enter(
        command,
        { actor, rights, client, origin: "agents", destination: settle, totalChars: chars, chars, method },
        socket,
      );
    } catch (thrown) {
      const error = SessileError.from(thrown);
      if (error.code === "overloaded") throw error;
      settle({ ok: false, error });
    }
  }

  /** Commands of one HTTP request. An outcome is null if `waitMs` has passed and an asynchronous call still runs. */
  fromRequest(
    { actor, rights, client }: Sender,
    values: readonly Json[],
    chars: number,
    { onQuota, waitMs }: RequestWishes,
  ): Promise<readonly (Outcome | null)[]> {
    const line = {};
    this.#assertCount(values);
    const commands = values.map((value, index) =>
      parseCommand(value, "body", values.length === 1 ? undefined : index),
    );
    const awaited = commands.map((command) => {
      const one = new AwaitedCommand();
      try {
        this.#enter(
          command,
          {
            actor,
            rights,
            client,
            origin: "http",
            destination: one.settle,
            totalChars: chars,
            chars: chars / commands.length,
            onQuota,
            onRuns: one.runs,
          },
          line,
        );
      } catch (thrown) {
        one.settle({ ok: false, error: SessileError.from(thrown) });
      }
      return one;
    });
    return outcomesWithin(awaited, waitMs, this.#options.clock);
  }

  #assertCount(values: readonly Json[]): void {
    const { maxCommandsPerFrame } = this.#options.limits;
    if (values.length <= maxCommandsPerFrame) return;
    throw new SessileError(
      "limit_exceeded",
      `One frame or request carries at most ${maxCommandsPerFrame} commands.`,
      {
        field: "commands",
        limit: "maxCommandsPerFrame",
      },
    );
  }

  /** @param line what keeps its order while it waits for the quota */
  #enter(command: Command, envelope: Envelope, line: object): void {
    const { kernel, refusal } = this.#options;
    const frozen = refusal();
    if (frozen) throw frozen;
    this.#assertMay(envelope.actor, command);
    const letter = new CommandLetter(command, envelope, kernel.definition);
    if (!this.#quota?.holds(line, letter)) this.#accept(letter);
  }

  #assertMay(actor: Actor | null, command: Command): void {
    if (!this.#options.hooks.authorize(actor, actionOf(command.op))) throw forbidden(command);
  }

  #accept(letter: CommandLetter): void {
    const { command, envelope } = letter;
    if (command.op === "call") {
      const method = envelope.method ?? this.#options.hooks.findMethod(command.method);
      if (method?.isAsync) {
        this.#runAsync(command, method, envelope);
        return;
      }
    }
    this.#mailbox.push(letter);
  }

  #runAsync(call: Call, method: FoundMethod, { actor, destination, onRuns }: Envelope): void {
    onRuns?.();
    void this.#calls
      .outcomeOf(call, method, actor)
      .then((outcome) =>
        this.#options.whenShown((failure) => this.#settle(call.id, destination, outcomeOf(outcome, failure))),
      );
  }

  #quotaGate(): QuotaGate<CommandLetter> | null {
    const { hooks, kernel, clock, limits, report } = this.#options;
    if (!hooks.quotas) return null;
    return new QuotaGate<CommandLetter>({
      ...hooks.quotas,
      clock,
      maxWaiting: limits.maxWaitingPerPeer,
      draftType: (actor) => kernel.drafts.of(actor?.id)?.type ?? null,
      report,
      decided: (letter, refusal, status) => this.#decided(letter, refusal, status),
    });
  }

  /** What the quota says of a command. The session may have changed while it was asked. */
  #decided(
    letter: CommandLetter,
    refusal: SessileError | null,
    status: QuotaStatus | null,
  ): SessileError | null {
    const { command, destination, envelope } = letter;
    const socket = typeof destination === "function" ? null : destination;
    if (status && socket) this.#options.tellQuota(socket, status);
    else if (status) envelope.onQuota?.(status);
    try {
      const frozen = refusal ?? this.#options.refusal();
      if (frozen) throw frozen;
      this.#assertMay(envelope.actor, command);
      this.#accept(letter);
      return null;
    } catch (thrown) {
      const error = SessileError.from(thrown);
      const isBlocked = error !== refusal && error.retryable;
      if (socket && isBlocked) this.#options.disconnect(socket, error);
      else this.#settle(command.id, destination, { ok: false, error });
      return isBlocked ? error : null;
    }
  }

  /** Tells one outcome by itself. */
  #settle(id: string | undefined, destination: Destination, outcome: Outcome): void {
    if (typeof destination === "function") destination(outcome);
    else this.#options.send(destination, JSON.stringify([ackOf(id as string, outcome)]));
  }

  #delivered({ letters, outcomes, transaction }: Delivered<CommandLetter>): void {
    const acks = new Map<WebSocket, Ack[]>();
    for (const [index, letter] of letters.entries()) {
      const outcome = outcomes[index] as Outcome;
      if (!outcome.ok && outcome.error.code === "internal")
        this.#options.report("A command failed", outcome.error);
      if (letter.gateId !== null)
        noteGateAnswer(this.#options.kernel, this.#options.clock.now(), letter, outcome);
      const { destination } = letter;
      if (typeof destination === "function") continue;
      const own = acks.get(destination);
      const ack = ackOf(letter.ackId as string, outcome);
      if (own) own.push(ack);
      else acks.set(destination, [ack]);
    }
    const texts = new Map<WebSocket, string>();
    for (const [socket, own] of acks) texts.set(socket, JSON.stringify(own));
    this.#options.committed(transaction, texts);
    this.#options.whenShown((failure) => {
      for (const [index, { destination }] of letters.entries()) {
        if (typeof destination === "function") destination(outcomeOf(outcomes[index] as Outcome, failure));
      }
    });
  }

  /**
   * What follows a commit must not fail. If it does, peers may have missed what is in the log: a new instance and new
   * connections, which resume by seq, are the way back.
   */
  #orAbort(body: () => void): void {
    try {
      body();
    } catch (thrown) {
      this.#options.abort(thrown);
    }
  }

  /** The commit itself failed: nothing of it happened, and the platform will start a new instance. */
  #failed(letters: readonly CommandLetter[], thrown: unknown): void {
    const error = new SessileError(
      "unavailable",
      "The session could not store this. Nothing was written; try again shortly.",
      { retryAfterMs: 1000 },
    );
    for (const { ackId, destination } of letters) this.#settle(ackId, destination, { ok: false, error });
    this.#options.report("A commit failed", thrown);
  }
}

function outcomeOf(outcome: Outcome, failure: SessileError | null): Outcome {
  return failure ? { ok: false, error: failure } : outcome;
}

function ackOf(id: string, outcome: Outcome): Ack {
  if (!outcome.ok) return { id, error: outcome.error.toWire() };
  const { seq, repeated, result } = outcome;
  if (!repeated && result === undefined) return { id, seq };
  return { id, seq, ...(repeated ? { repeated } : {}), ...(result === undefined ? {} : { result }) };
}

function idOf(value: Json): string {
  const id = value !== null && typeof value === "object" && "id" in value ? value.id : undefined;
  return typeof id === "string" ? id.slice(0, 128) : "";
}
