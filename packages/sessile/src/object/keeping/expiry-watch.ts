import type { Kernel } from "../../kernel/index.ts";
import type { SessionHooks } from "../session-hooks.ts";

export interface Expiry {
  /** Milliseconds without an event after which a session is deleted. */
  readonly idleMs: number;
}

export const expiryDueId = "expiry:idle";
const dayMs = 86_400_000;

export interface ExpiryOptions {
  readonly kernel: Kernel;
  readonly hasPeers: () => boolean;
  readonly hooks: Pick<SessionHooks, "expiry" | "mayExpire" | "expire">;
}

/** Looks now and then whether a session is idle for good. A row of due work stands for the next look, so an event costs nothing. */
export class ExpiryWatch {
  readonly #options: ExpiryOptions;

  constructor(options: ExpiryOptions) {
    this.#options = options;
  }

  start(now: number): void {
    const { kernel, hooks } = this.#options;
    const { expiry } = hooks;
    const dueAt = kernel.due.dueAt(expiryDueId);
    if (!expiry && dueAt !== null) kernel.due.drop(expiryDueId);
    // A row that stands may be that of a longer time, which the kind declared before.
    else if (expiry && (dueAt === null || dueAt > now + expiry.idleMs))
      kernel.due.put(expiryDueId, now + expiry.idleMs);
  }

  /** The due row rang. */
  rang(now: number): void {
    const { kernel, hooks, hasPeers } = this.#options;
    const { expiry } = hooks;
    const isKept = () => hasPeers() || hooks.mayExpire?.(kernel.committedView) === false;
    const idleAt = kernel.committedView.updatedAt + (expiry?.idleMs ?? 0);
    if (!expiry) kernel.due.drop(expiryDueId);
    else if (now < idleAt) kernel.due.put(expiryDueId, idleAt);
    else if (isKept()) kernel.due.put(expiryDueId, now + Math.min(expiry.idleMs, dayMs));
    else hooks.expire?.();
  }
}
