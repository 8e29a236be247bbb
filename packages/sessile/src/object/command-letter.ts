import {
  assertRepeats,
  type KindDefinition,
  runCommand,
  type Task,
  taskIdOf,
  type Writer,
} from "../kernel/index.ts";
import type { Command, Outcome } from "../protocol/command.ts";
import type { Actor } from "../protocol/event.ts";
import type { GateOrigin } from "../protocol/gate.ts";
import { parseProducerPosition } from "../protocol/ids.ts";
import type { Json } from "../protocol/json.ts";
import { mentionsPart } from "../protocol/part.ts";
import type { Letter } from "./mailbox.ts";

/** Where an outcome goes: a socket, or whoever awaits it. */
export type Destination = WebSocket | ((outcome: Outcome) => void);

/** A command on its way. A class and no closures, because there is one for every command. */
export class CommandLetter implements Letter {
  readonly #command: Command;
  readonly #kind: KindDefinition;
  readonly actor: Actor | null;
  readonly chars: number;
  readonly destination: Destination;
  readonly origin: GateOrigin;
  /** Salted hash of the address it comes from. */
  readonly client: string | undefined;

  constructor(
    command: Command,
    kind: KindDefinition,
    actor: Actor | null,
    chars: number,
    destination: Destination,
    origin: GateOrigin,
    client?: string,
  ) {
    this.#command = command;
    this.#kind = kind;
    this.actor = actor;
    this.chars = chars;
    this.destination = destination;
    this.origin = origin;
    this.client = client;
  }

  get id(): string | undefined {
    return taskIdOf(this.#command);
  }

  /** What the answer is addressed with. */
  get ackId(): string | undefined {
    return this.#command.id;
  }

  /** The gate that it answers; null for any other command. */
  get gateId(): string | null {
    return this.#command.op === "answerGate" ? this.#command.gateId : null;
  }

  get refusesFirst(): boolean {
    const { op } = this.#command;
    return op !== "call" && op !== "answerGate";
  }

  get touchesTables(): boolean {
    const { op, id } = this.#command;
    // Which parts are referred to is noted beside the log.
    if (
      (this.#command.op === "append" && mentionsPart(this.#command.payload)) ||
      (this.#command.op === "setState" && mentionsPart(this.#command.state))
    )
      return true;
    if (op !== "append" && op !== "setState" && op !== "setStatus" && op !== "reset") return true;
    // A foreign id gets a row of its own.
    return id !== undefined && parseProducerPosition(id) === null;
  }

  run(writer: Writer): Json | undefined {
    return runCommand(this.#command, writer, this.#kind);
  }

  assertRepeats(...[earlier]: Parameters<NonNullable<Task["assertRepeats"]>>): void {
    assertRepeats(this.#command, earlier);
  }
}
