import { DatabaseSync } from "node:sqlite";
import {
  assertRepeats,
  defaultClientWrites,
  Kernel,
  type KindDefinition,
  runCommand,
  type Task,
  type Transaction,
  taskIdOf,
  workflow,
} from "../kernel/index.ts";
import { NodeSql } from "../node/node-sql.ts";
import type { Command, Outcome } from "../protocol/command.ts";
import { type Actor, type Commit, eventsOf, type SessionEvent } from "../protocol/event.ts";
import { sessionKeyOf } from "../protocol/event-id.ts";
import type { Json } from "../protocol/json.ts";
import { defaultLimits } from "../protocol/limits.ts";
import { mentionsPart } from "../protocol/part.ts";

export const ada: Actor = { id: "ada", name: "Ada" };
export const bob: Actor = { id: "bob", name: "Bob" };

/** A kind for tests: any part can be replaced. */
export function testKind(overrides: Partial<KindDefinition> = {}): KindDefinition {
  return {
    initialState: { count: 0 },
    workflow: workflow({ initial: "new", transitions: { new: ["open"], open: ["done", "new"], done: [] } }),
    migrations: [],
    limits: defaultLimits,
    clientWrites: { ...defaultClientWrites, state: true },
    validateState: () => {},
    validateEvent: () => {},
    method: () => null,
    gateSettled: () => {},
    ...overrides,
  };
}

/** A kernel on an in-memory database, with a clock that tests move and a way to wake it again as a new instance. */
export class KernelFixture {
  readonly database = new DatabaseSync(":memory:");
  readonly sql = new NodeSql(this.database);
  readonly kind: KindDefinition;
  kernel: Kernel;
  now = Date.UTC(2026, 0, 1);

  constructor(overrides: Partial<KindDefinition> = {}, create = true) {
    this.kind = testKind(overrides);
    this.kernel = this.#open();
    if (create && !this.kernel.exists) {
      this.kernel.write(null, this.now, (writer) => {
        writer.create();
        writer.setLifecycle("active");
      });
    }
  }

  /** Tables without a session: what an import finds at a free address. */
  static empty(overrides: Partial<KindDefinition> = {}): KernelFixture {
    return new KernelFixture(overrides, false);
  }

  /** What an eviction does: the memory goes, the database stays. */
  wake(): Kernel {
    this.kernel = this.#open();
    return this.kernel;
  }

  task(command: Command, actor: Actor | null = ada): Task {
    return {
      id: taskIdOf(command),
      actor,
      refusesFirst: command.op !== "call" && command.op !== "answerGate",
      touchesTables: command.op !== "append" || mentionsPart(command.payload),
      run: (writer) => runCommand(command, writer, this.kind),
      assertRepeats: (earlier) => assertRepeats(command, earlier),
    };
  }

  /** One commit of these commands. */
  send(commands: readonly Command[], actor: Actor | null = ada): Transaction {
    this.now += 1;
    return this.kernel.transact(
      commands.map((command) => this.task(command, actor)),
      this.now,
    );
  }

  one(command: Command, actor: Actor | null = ada): Outcome {
    return this.send([command], actor).outcomes[0] as Outcome;
  }

  append(id: string | undefined, payload: Json = null, type = "message"): Outcome {
    return this.one({ op: "append", type, payload, ...(id === undefined ? {} : { id }) });
  }

  commits(after = 0): Commit[] {
    return this.kernel.log
      .readAfter(after, Number.POSITIVE_INFINITY)
      .commits.map((stored) => JSON.parse(stored.body) as Commit);
  }

  events(after = 0): SessionEvent[] {
    return this.commits(after).flatMap((commit) => eventsOf(commit, sessionKeyOf("test", "one"), after));
  }

  rows(table: string): number {
    return Number(this.sql.exec(`SELECT count(*) AS n FROM ${table}`)[0]?.n);
  }

  #open(): Kernel {
    return Kernel.open(this.sql, "test", "one", this.kind, this.now);
  }
}
