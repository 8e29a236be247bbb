import type { Kernel } from "../kernel/index.ts";
import type { Command, Outcome } from "../protocol/command.ts";
import { SessileError, type WireError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import { assertJson } from "../protocol/json.ts";
import type { FoundMethod } from "./callable.ts";
import { LruCache } from "./lru-cache.ts";
import type { SessionHooks } from "./session-hooks.ts";

/** Of all answers that are remembered. */
const maxRememberedBytes = 8 * 1024 * 1024;
/** Of one, so that one alone pushes out no more than a quarter of the others. */
const maxRememberedChars = 1024 * 1024;

export type Call = Command & { readonly op: "call" };

export interface AsyncCallsOptions {
  readonly kernel: Kernel;
  readonly hooks: SessionHooks;
  readonly report: (message: string, thrown: unknown) => void;
}

/**
 * Asynchronous methods, which run beside the commits. A repeat joins the call, or gets what it answered: what a client sends
 * again after a lost answer must not run again. Only in memory, so an eviction in between forgets it; work is for more.
 * Ids are each caller's own, because others may read them on events.
 */
export class AsyncCalls {
  readonly #options: AsyncCallsOptions;
  readonly #running = new Map<string, Promise<Outcome>>();
  /** What the latest to have ended answered. */
  readonly #ended = new LruCache(maxRememberedBytes);

  constructor(options: AsyncCallsOptions) {
    this.#options = options;
  }

  async outcomeOf(call: Call, method: FoundMethod, actor: Actor | null): Promise<Outcome> {
    const { id } = call;
    if (id === undefined) return this.#run(call, method, actor);
    const key = JSON.stringify([actor?.id ?? "", call.method, id]);
    const ended = this.#ended.get(key, 0);
    if (ended !== null) return repeatOf(outcomeFrom(ended));
    const joined = this.#running.get(key);
    if (joined) return repeatOf(await joined);
    const running = this.#run(call, method, actor);
    this.#running.set(key, running);
    const outcome = await running;
    this.#running.delete(key);
    // What is worth repeating is not answered with the old refusal.
    if (outcome.ok || !outcome.error.retryable) this.#remember(key, outcome);
    return outcome;
  }

  #remember(key: string, outcome: Outcome): void {
    const text = textOf(outcome);
    const kept = text.length <= maxRememberedChars ? text : textOf({ ok: false, error: tooLongToKeep() });
    this.#ended.set(key, kept, Number.POSITIVE_INFINITY);
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

function repeatOf(outcome: Outcome): Outcome {
  return outcome.ok ? { ...outcome, repeated: true } : outcome;
}

/** It must not run again, so its answer is a refusal that is never worth repeating. */
function tooLongToKeep(): SessileError {
  const message = "The call was carried out. Its answer was too long to be kept for whoever asks again.";
  return new SessileError("fenced", message);
}

type KeptOutcome = (Outcome & { readonly ok: true }) | { readonly ok: false; readonly error: WireError };

function textOf(outcome: Outcome): string {
  const kept: KeptOutcome = outcome.ok ? outcome : { ok: false, error: outcome.error.toWire() };
  return JSON.stringify(kept);
}

function outcomeFrom(text: string): Outcome {
  const kept = JSON.parse(text) as KeptOutcome;
  return kept.ok ? kept : { ok: false, error: SessileError.fromWire(kept.error) };
}
