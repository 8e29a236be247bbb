import {
  assertRepeats,
  type KindDefinition,
  runCommand,
  type Task,
  taskIdOf,
  type Writer,
} from "../kernel/index.ts";
import type { Action } from "../protocol/access.ts";
import type { Command, Outcome } from "../protocol/command.ts";
import type { Actor } from "../protocol/event.ts";
import type { GateOrigin } from "../protocol/gate.ts";
import type { Json } from "../protocol/json.ts";
import { mentionsPart } from "../protocol/part.ts";
import type { QuotaStatus } from "../protocol/quota.ts";
import type { FoundMethod } from "./callable.ts";
import type { Letter } from "./mailbox.ts";
import type { Applicant } from "./meter/quota-gate.ts";

/** Where an outcome goes: a socket, or whoever awaits it. */
export type Destination = WebSocket | ((outcome: Outcome) => void);

/** What commands that came together have in common. */
export interface Envelope {
  readonly actor: Actor | null;
  /** What the worker's authorizer lets the actor do; absent: everything. */
  readonly rights?: readonly Action[] | undefined;
  /** Salted hash of the address they come from. */
  readonly client?: string | undefined;
  /** What they came over. */
  readonly origin: GateOrigin;
  readonly destination: Destination;
  /** Characters of all of them, and of one on average. */
  readonly totalChars: number;
  readonly chars: number;
  /** Hears what is left of the sender's quota. */
  readonly onQuota?: ((status: QuotaStatus) => void) | undefined;
  /** Hears that one is an asynchronous call, which has begun. */
  readonly onRuns?: (() => void) | undefined;
  /** What a call runs in place of the callable of its name. */
  readonly method?: FoundMethod | undefined;
}

/** A command on its way. A class and no closures, because there is one for every command. */
export class CommandLetter implements Letter, Applicant {
  readonly command: Command;
  readonly id: string | undefined;
  readonly envelope: Envelope;
  readonly #kind: KindDefinition;

  constructor(command: Command, envelope: Envelope, kind: KindDefinition) {
    this.command = command;
    this.id = taskIdOf(command);
    this.envelope = envelope;
    this.#kind = kind;
  }

  get actor(): Actor | null {
    return this.envelope.actor;
  }

  get rights(): readonly Action[] | undefined {
    return this.envelope.rights;
  }

  get client(): string | undefined {
    return this.envelope.client;
  }

  get origin(): GateOrigin {
    return this.envelope.origin;
  }

  get destination(): Destination {
    return this.envelope.destination;
  }

  get chars(): number {
    return this.envelope.chars;
  }

  /** What the answer is addressed with. */
  get ackId(): string | undefined {
    return this.command.id;
  }

  /** The gate that it answers; null for any other command. */
  get gateId(): string | null {
    return this.command.op === "answerGate" ? this.command.gateId : null;
  }

  get refusesFirst(): boolean {
    const { op } = this.command;
    return op !== "call" && op !== "answerGate";
  }

  get touchesTables(): boolean {
    switch (this.command.op) {
      // Which parts are referred to is noted beside the log.
      case "append":
        return mentionsPart(this.command.payload);
      case "setState":
        return mentionsPart(this.command.state);
      case "setStatus":
      case "reset":
        return false;
      default:
        return true;
    }
  }

  run(writer: Writer): Json | undefined {
    return runCommand(this.command, writer, this.#kind, this.envelope.totalChars);
  }

  assertRepeats(...[earlier]: Parameters<NonNullable<Task["assertRepeats"]>>): void {
    assertRepeats(this.command, earlier);
  }
}
