import type { Command } from "../../protocol/command.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import type { SessionReplies, SessionReply } from "../../protocol/request.ts";
import type { Ledger, Promised, Told } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { SessionObject } from "./session-object.ts";
import type { World } from "./world.ts";

const answerWithinMs = 4000;

/** Sends each command by itself, as a request under a foreign id, and repeats it until an answer comes; sometimes twice at once. */
export class RequestSender {
  readonly name: string;
  readonly object: SessionObject;
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #random: Random;
  #sent = 0;

  constructor(world: World, ledger: Ledger, name: string, object: SessionObject) {
    this.#world = world;
    this.#ledger = ledger;
    this.name = name;
    this.object = object;
    this.#random = world.random.fork(`sender ${name}`);
  }

  send(command: Command): void {
    const id = `${this.name}-request-${this.#sent++}`;
    const promised = this.#ledger.open(this.name, this.object.name, id, command);
    this.#world.note(`${this.name} requests ${id} ${JSON.stringify(command)}`);
    this.#attempt(promised);
    if (!this.#random.chance(0.2)) return;
    promised.copies += 1;
    this.#attempt(promised);
  }

  #attempt(promised: Promised): void {
    const { timeline } = this.#world;
    let isOver = false;
    const again = (afterMs: number) => {
      if (isOver) return;
      isOver = true;
      promised.copies += 1;
      if (promised.told.is === "waiting")
        timeline.plan(afterMs + this.#random.between(0, 500), `${promised.id} again`, () =>
          this.#attempt(promised),
        );
    };
    timeline.plan(answerWithinMs, `${promised.id} deadline`, () => again(0));
    this.#travel(`${promised.id} →`, () => {
      const body = { ...promised.command, id: promised.id } as unknown as Json;
      this.object.request(
        { op: "commands", commands: [body], chars: 100 },
        this.name,
        (reply) => this.#travel(`${promised.id} ←`, () => this.#answered(promised, reply, again)),
        () => again(500),
      );
    });
  }

  #answered(promised: Promised, reply: SessionReply, again: (afterMs: number) => void): void {
    const told = toldBy(reply);
    this.#world.note(`${this.name} learns ${promised.id} ${JSON.stringify(told)}`);
    if (told.is === "refused" && told.error.retryable) {
      again(told.error.details.retryAfterMs ?? 0);
      return;
    }
    promised.answers.push(told);
    if (promised.told.is === "waiting") promised.told = told;
  }

  #travel(label: string, arrive: () => void): void {
    const { trouble, timeline } = this.#world;
    if (this.#random.chance(trouble.requestLoss)) return;
    timeline.plan(this.#random.between(0, trouble.maxLatencyMs), label, () => {
      this.#world.note(label);
      arrive();
    });
  }
}

function toldBy(reply: SessionReply): Told {
  if (!reply.ok) return { is: "refused", error: SessileError.fromWire(reply.error) };
  const { outcomes } = reply.value as SessionReplies["commands"];
  const outcome = outcomes[0];
  if (!outcome?.ok) {
    const error = outcome
      ? SessileError.fromWire(outcome.error)
      : new SessileError("internal", "No outcome.");
    return { is: "refused", error };
  }
  return { is: "done", seq: outcome.seq, result: outcome.result };
}
