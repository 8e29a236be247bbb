import { type RunStop, SessileError } from "../../protocol/index.ts";

/** What ends a run from outside: somebody's wish, which lies in the session, and its deadline. */
export class RunControl {
  readonly #stop: () => RunStop | null;
  readonly #ending = new AbortController();
  readonly #aborted = new AbortController();
  readonly #deadlineAt: number | null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isOverdue = false;

  /** @param stop asked before each step, so that it holds wherever it was asked for */
  constructor(stop: () => RunStop | null, deadlineAt: number | null) {
    this.#stop = stop;
    this.#deadlineAt = deadlineAt;
    if (deadlineAt === null) return;
    this.#timer = setTimeout(
      () => {
        this.#isOverdue = true;
        this.abort();
      },
      Math.max(0, deadlineAt - Date.now()),
    );
  }

  get stop(): RunStop | null {
    return this.#stop();
  }

  get isOverdue(): boolean {
    return this.#isOverdue || (this.#deadlineAt !== null && Date.now() >= this.#deadlineAt);
  }

  get isEnding(): boolean {
    return this.stop !== null || this.isOverdue;
  }

  /** No further step: also ends waiting for the next attempt of one. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** Not this step either. */
  get aborted(): AbortSignal {
    return this.#aborted.signal;
  }

  /** Looks what was asked of it. */
  heed(): void {
    const { stop } = this;
    if (stop === "abort") this.abort();
    else if (stop) this.interrupt();
  }

  interrupt(): void {
    this.#ending.abort();
  }

  abort(): void {
    this.#ending.abort();
    this.#aborted.abort(new SessileError("not_writable", "The run was ended."));
  }

  assertGoesOn(): void {
    if (this.isEnding) throw new SessileError("not_writable", "The run was ended.");
  }

  /** What an aborted step gives is not its result. */
  assertNotAborted(): void {
    this.#aborted.signal.throwIfAborted();
  }

  /** For so long, or until the run is to end. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#ending.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, this.#ending.signal.aborted ? 0 : ms);
      this.#ending.signal.addEventListener("abort", done);
    });
  }

  /** The run is over. */
  dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
