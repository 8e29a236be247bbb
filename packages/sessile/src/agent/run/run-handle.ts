import {
  type ActiveRun,
  isSuspending,
  type ReaderOptions,
  type RunInfo,
  type RunResult,
  runInfoOf,
  SessileError,
  type StreamManager,
  type StreamReader,
  type SuspendedRun,
  type UsageRollup,
} from "../../protocol/index.ts";

/** What a run's stream does not tell of it. */
export interface RunSource {
  /** The run that its session is at. */
  active(): ActiveRun | null;
  /** What there is of a run that waits. */
  suspended(active: ActiveRun, waiting: SuspendedRun): RunResult;
  usage(runId: string): UsageRollup | Promise<UsageRollup>;
}

/** A run, whoever carries it out. */
export class RunHandle {
  readonly runId: string;
  readonly #streams: StreamManager;
  readonly #source: RunSource;

  constructor(runId: string, streams: StreamManager, source: RunSource) {
    this.runId = runId;
    this.#streams = streams;
    this.#source = source;
  }

  /** @throws SessileError `not_found` */
  async info(): Promise<RunInfo> {
    const stream = await this.#streams.getInfo(this.runId);
    const info = stream && runInfoOf(stream, this.#source.active());
    if (!info) throw noSuchRun();
    return info;
  }

  /**
   * What the run says, as UI message chunks of the AI SDK, from the beginning and live. An answer that broke off is withdrawn: pass
   * `onResync` to be told, and to go on; without it the reader throws `conflict`.
   */
  async stream(options: ReaderOptions = {}): Promise<StreamReader> {
    const reader = await this.#streams.createReader(this.runId, options);
    if (!reader) throw noSuchRun();
    return reader;
  }

  /** Waits until the run has ended, or waits for others itself. @throws SessileError the run's own, if it failed */
  async result(): Promise<RunResult> {
    for (;;) {
      const { tail = 0 } = (await this.#streams.getInfo(this.runId)) ?? {};
      const { result, error } = await this.info();
      if (result) return result;
      if (error) throw SessileError.fromWire(error);
      const active = this.#source.active();
      if (active?.runId === this.runId && active.suspended)
        return this.#source.suspended(active, active.suspended);
      for await (const chunk of await this.stream({ offset: tail, onResync: () => {} }))
        if (isSuspending(chunk)) break;
    }
  }

  /** What its model, its tools and its sub-agents took. */
  async getUsageRollup(): Promise<UsageRollup> {
    return this.#source.usage(this.runId);
  }
}

function noSuchRun(): SessileError {
  return new SessileError("not_found", "There is no such run.", { field: "runId" });
}
