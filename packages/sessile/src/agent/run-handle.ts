import {
  type ReaderOptions,
  type RunInfo,
  type RunResult,
  runInfoOf,
  SessileError,
  type StreamManager,
  type StreamReader,
} from "../protocol/index.ts";

/** A run, whoever carries it out. */
export class RunHandle {
  readonly runId: string;
  readonly #streams: StreamManager;

  constructor(runId: string, streams: StreamManager) {
    this.runId = runId;
    this.#streams = streams;
  }

  /** @throws SessileError `not_found` */
  async info(): Promise<RunInfo> {
    const stream = await this.#streams.getInfo(this.runId);
    const info = stream && runInfoOf(stream);
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

  /** Waits for the end. @throws SessileError the run's own, if it failed */
  async result(): Promise<RunResult> {
    const { tail = 0 } = (await this.#streams.getInfo(this.runId)) ?? {};
    const reader = await this.stream({ offset: tail, onResync: () => {} });
    // A failed run ends its stream with its error.
    for await (const _chunk of reader);
    const { result } = await this.info();
    if (!result) throw noSuchRun();
    return result;
  }
}

function noSuchRun(): SessileError {
  return new SessileError("not_found", "There is no such run.", { field: "runId" });
}
