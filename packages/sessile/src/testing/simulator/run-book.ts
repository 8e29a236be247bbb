import type { Json } from "../../protocol/json.ts";
import type { Random } from "./random.ts";
import { type Asker, Remote } from "./remote.ts";
import type { SessionObject } from "./session-object.ts";
import type { World } from "./world.ts";

/** One answer of a model, as it is if it comes to its end. */
export interface ScriptedAnswer {
  readonly name: string;
  readonly text: string;
  readonly calls: readonly ScriptedCall[];
}

export interface ScriptedCall {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: Json;
}

/** What a tool has done. Seqs are how far the log on disk went. */
export interface Effect {
  readonly toolCallId: string;
  readonly key: string;
  readonly input: Json;
  /** When the tool was called. */
  readonly calledAt: number;
  /** When it had its effect. */
  readonly doneAt: number;
}

/** What models have said and tools have done in one simulation. It outlives every session. */
export class RunBook {
  readonly answers: ScriptedAnswer[] = [];
  readonly effects = new Map<SessionObject, Effect[]>();
  readonly #tools: Remote;
  readonly #random: Random;
  #named = 0;

  constructor(world: World) {
    this.#random = world.random.fork("tools");
    this.#tools = new Remote(world, "Tool");
  }

  /** Never the same twice. */
  name(what: string): string {
    return `${what}${this.#named++}`;
  }

  static resultOf(toolCallId: string): string {
    return `Done: ${toolCallId}`;
  }

  /** Has an effect beside the session. Of a call that is lost it is not known whether it had. */
  carryOut(asker: Asker, call: Pick<Effect, "toolCallId" | "key" | "input">): Promise<string> {
    const { object } = asker;
    const calledAt = object.durableSeq;
    return this.#tools.ask(asker, async () => {
      const effects = this.effects.get(object) ?? [];
      this.effects.set(object, effects);
      effects.push({ ...call, calledAt, doneAt: object.durableSeq });
      const result = RunBook.resultOf(call.toolCallId);
      // Now and then longer than a model may be told.
      return this.#random.chance(0.03) ? result.padEnd(9000) : result;
    });
  }
}
