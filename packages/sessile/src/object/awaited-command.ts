import type { Outcome } from "../protocol/command.ts";
import type { Clock } from "./clock.ts";

/** A command whose outcome a request waits for. */
export class AwaitedCommand {
  /** Null until it is settled. */
  outcome: Outcome | null = null;
  readonly #settled = Promise.withResolvers<void>();
  readonly #placed = Promise.withResolvers<void>();

  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Resolves once nothing that comes later can overtake it: it is settled, or runs on its own. */
  get placed(): Promise<void> {
    return this.#placed.promise;
  }

  readonly settle = (outcome: Outcome): void => {
    this.outcome = outcome;
    this.#settled.resolve();
    this.#placed.resolve();
  };

  /** It is an asynchronous call, which takes as long as it takes. */
  readonly runs = (): void => this.#placed.resolve();
}

/**
 * @param waitMs how long to wait if all of them run on; absent: until everything is settled
 * @returns null for an asynchronous call that still runs
 */
export async function outcomesWithin(
  commands: readonly AwaitedCommand[],
  waitMs: number | undefined,
  clock: Clock,
): Promise<readonly (Outcome | null)[]> {
  if (waitMs === undefined) await Promise.all(commands.map(({ settled }) => settled));
  else {
    await Promise.all(commands.map(({ placed }) => placed));
    if (waitMs > 0 && commands.every(({ outcome }) => outcome === null))
      await firstOf(commands, waitMs, clock);
  }
  return commands.map(({ outcome }) => outcome);
}

async function firstOf(commands: readonly AwaitedCommand[], waitMs: number, clock: Clock): Promise<void> {
  const enough = new AbortController();
  const timeout = clock.wait(waitMs, enough.signal).catch(() => {});
  await Promise.race([timeout, ...commands.map(({ settled }) => settled)]);
  // A timer left behind would keep the object from sleeping.
  enough.abort();
}
