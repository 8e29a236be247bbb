import type { WorkRecord } from "../../kernel/work.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import type { Clock } from "../clock.ts";

/** What a work function gets. */
export interface WorkContext {
  readonly workId: string;
  /**
   * Runs `body` once and journals its result; after a crash the journal answers instead. `commit` writes in the very
   * commit that journals the step, so both are there or neither. A failing body is tried again up to `attempts` times,
   * each failure an event; then the step throws, and other steps may go on.
   */
  step<Result extends Json>(
    name: string,
    body: () => Result | Promise<Result>,
    options?: StepOptions<Result>,
  ): Promise<Result>;
}

export interface StepOptions<Result> {
  /** Default 3. */
  readonly attempts?: number;
  /** Decides instead of `attempts`: milliseconds until the step is tried again, or null to give it up. */
  readonly retry?: (thrown: unknown, attempt: number) => number | null;
  /** Ends the wait for the next attempt, which then comes at once. */
  readonly signal?: AbortSignal;
  readonly commit?: (result: Result) => void;
}

export type WorkFunction = (work: WorkContext, input: Json) => Promise<Json | undefined> | Json | undefined;

/** What the runner needs from the session that owns it. */
export interface WorkHost {
  find(name: string): WorkFunction | null;
  /** Ids of the work that has not ended. */
  running(): readonly string[];
  /** Null if it has ended. */
  read(workId: string): WorkRecord | null;
  readStep(workId: string, step: string): { readonly result: Json } | null;
  completeStep(workId: string, step: string, result: Json, commit: () => void): void;
  failStep(workId: string, step: string, attempt: number, message: string): void;
  complete(workId: string, result: Json): void;
  fail(workId: string, message: string): void;
  report(message: string, thrown: unknown): void;
}

const defaultAttempts = 3;
const retryBaseMs = 200;

/** Runs the work that the journal says is running. Owns only promises: whatever matters is in the journal. */
export class WorkRunner {
  readonly #host: WorkHost;
  readonly #clock: Clock;
  readonly #inThisInstance = new Set<string>();

  constructor(host: WorkHost, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  get active(): number {
    return this.#inThisInstance.size;
  }

  /** Starts what should run and does not yet: after a commit that started work, on wake, and when a lease runs out. */
  reconcile(): void {
    for (const workId of this.#host.running()) {
      // What was started before it in this loop may have ended it.
      const work = this.#inThisInstance.has(workId) ? null : this.#host.read(workId);
      if (!work) continue;
      this.#inThisInstance.add(workId);
      void this.#run(work).finally(() => this.#inThisInstance.delete(workId));
    }
  }

  async #run(work: WorkRecord): Promise<void> {
    try {
      const body = this.#host.find(work.name);
      if (!body) throw new SessileError("not_found", `This kind has no work named "${work.name}".`);
      const result = await body(this.#contextOf(work.workId), work.input);
      this.#host.complete(work.workId, result ?? null);
    } catch (thrown) {
      this.#giveUp(work, thrown);
    }
  }

  #giveUp(work: WorkRecord, thrown: unknown): void {
    this.#host.report(`Work ${work.name} failed`, thrown);
    try {
      this.#host.fail(work.workId, SessileError.from(thrown).message);
    } catch (failure) {
      // The session was terminated meanwhile, which ended the work already.
      this.#host.report(`Work ${work.name} had ended before`, failure);
    }
  }

  #contextOf(workId: string): WorkContext {
    return {
      workId,
      step: async (name, body, options = {}) => {
        const done = this.#host.readStep(workId, name);
        if (done) return done.result as never;
        const result = await this.#attempt(workId, name, body, options);
        this.#host.completeStep(workId, name, result, () => options.commit?.(result));
        return result;
      },
    };
  }

  async #attempt<Result>(
    workId: string,
    step: string,
    body: () => Result | Promise<Result>,
    { attempts = defaultAttempts, retry = backoff(attempts), signal }: StepOptions<Result>,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await body();
      } catch (thrown) {
        this.#host.report(`Step ${step} failed, attempt ${attempt}`, thrown);
        this.#host.failStep(workId, step, attempt, SessileError.from(thrown).message);
        const waitMs = retry(thrown, attempt);
        if (waitMs === null) throw thrown;
        await Promise.race([this.#clock.wait(waitMs), ...(signal ? [aborted(signal)] : [])]);
      }
    }
  }
}

function backoff(attempts: number): (thrown: unknown, attempt: number) => number | null {
  return (_thrown, attempt) => (attempt >= attempts ? null : retryBaseMs * 2 ** (attempt - 1));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
