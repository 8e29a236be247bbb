import type { Kernel } from "../kernel/index.ts";
import type { Command, Outcome } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import { assertJson } from "../protocol/json.ts";
import type { FoundMethod } from "./callable.ts";
import type { SessionHooks } from "./session-hooks.ts";

const maxRememberedCalls = 1000;

export type Call = Command & { readonly op: "call" };

export interface AsyncCallsOptions {
  readonly kernel: Kernel;
  readonly hooks: SessionHooks;
  readonly report: (message: string, thrown: unknown) => void;
}

/**
 * Asynchronous methods, which run beside the commits. A repeat joins the call, or gets what it answered: what a client sends
 * again after a lost answer must not run again. Only in memory, so an eviction in between forgets it; work is for more.
 */
export class AsyncCalls {
  readonly #options: AsyncCallsOptions;
  readonly #running = new Map<string, Promise<Outcome>>();
  /** What the latest to have ended answered. */
  readonly #ended = new Map<string, Outcome>();

  constructor(options: AsyncCallsOptions) {
    this.#options = options;
  }

  async outcomeOf(call: Call, method: FoundMethod, actor: Actor | null): Promise<Outcome> {
    const { id } = call;
    if (id === undefined) return this.#run(call, method, actor);
    const earlier = this.#ended.get(id) ?? this.#running.get(id);
    if (earlier) {
      const outcome = await earlier;
      return outcome.ok ? { ...outcome, repeated: true } : outcome;
    }
    const running = this.#run(call, method, actor);
    this.#running.set(id, running);
    const outcome = await running;
    this.#running.delete(id);
    // What is worth repeating is not answered with the old refusal.
    if (!outcome.ok && outcome.error.retryable) return outcome;
    this.#ended.set(id, outcome);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > maxRememberedCalls && oldest !== undefined) this.#ended.delete(oldest);
    return outcome;
  }

  async #run(call: Call, method: FoundMethod, actor: Actor | null): Promise<Outcome> {
    const { kernel, hooks, report } = this.#options;
    try {
      kernel.assertActive();
      const result = await hooks.asCaller(actor, () => method.run(...call.args));
      if (result !== undefined) assertJson(result, "result");
      return { ok: true, seq: kernel.committedView.lastSeq, repeated: false, result };
    } catch (thrown) {
      if (!(thrown instanceof SessileError)) report(`Method ${call.method} failed`, thrown);
      return { ok: false, error: SessileError.from(thrown) };
    }
  }
}
