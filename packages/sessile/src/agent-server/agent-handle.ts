import {
  isSuspending,
  type ReaderOptions,
  type RunInfo,
  type RunResult,
  SessileError,
} from "../protocol/index.ts";
import type { StreamReader } from "../protocol/stream-manager.ts";
import type { UsageRollup } from "../protocol/usage.ts";
import type { AgentRuntime } from "./agent-runtime.ts";

/** A run of a session, wherever it is carried out. */
export class AgentHandle {
  readonly sessionId: string;
  readonly runId: string;
  readonly #runtime: AgentRuntime;

  constructor(runtime: AgentRuntime, sessionId: string, runId: string) {
    this.sessionId = sessionId;
    this.runId = runId;
    this.#runtime = runtime;
  }

  /** @throws SessileError `not_found` */
  async info(): Promise<RunInfo> {
    const run = await this.#runtime.find(this.sessionId, this.runId);
    if (run) return run;
    throw noSuchRun();
  }

  /**
   * What the run says, as UI message chunks of the AI SDK, from the beginning and live. An answer that broke off is withdrawn: pass
   * `onResync` to be told, and to go on; without it the reader throws `conflict`.
   */
  async stream(options: ReaderOptions = {}): Promise<StreamReader> {
    const reader = await this.#runtime.streams(this.sessionId).createReader(this.runId, options);
    if (reader) return reader;
    throw noSuchRun();
  }

  /** Waits for the end. @throws SessileError the run's own, if it failed; `conflict` if it waits for others itself */
  async result(): Promise<RunResult> {
    const run = await this.settled();
    if (run.result) return run.result;
    if (run.error) throw SessileError.fromWire(run.error);
    throw new SessileError("conflict", "The run waits for others.", { field: "runId", current: run.status });
  }

  /** How the run stands once it goes on no longer, because it has ended or waits for others; or, with a signal, at the latest then. */
  async settled(signal?: AbortSignal): Promise<RunInfo> {
    for (;;) {
      const { tail = 0 } = (await this.#runtime.streams(this.sessionId).getInfo(this.runId)) ?? {};
      const run = await this.info();
      if (run.status !== "running" || signal?.aborted) return run;
      await this.#read(tail, signal);
    }
  }

  /** What the session has used, with all its runs. */
  getUsageRollup(): Promise<UsageRollup> {
    return this.#runtime.usage(this.sessionId);
  }

  /** From there to the end, or to where the run waits. */
  async #read(offset: number, signal: AbortSignal | undefined): Promise<void> {
    const reader = await this.stream({ offset, onResync: () => {} });
    const stop = () => reader.cancel();
    signal?.addEventListener("abort", stop);
    // Before there was a reader nobody heard it.
    if (signal?.aborted) stop();
    try {
      for await (const chunk of reader) if (isSuspending(chunk)) return;
    } catch (thrown) {
      // A failed run ends its stream with its error, which is no failure of reading it.
      if ((await this.info()).status === "running") throw thrown;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }
}

function noSuchRun(): SessileError {
  return new SessileError("not_found", "There is no such run.", { field: "runId" });
}
