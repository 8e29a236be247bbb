import {
  type Kernel,
  type LogPage,
  mayHold,
  type StoredCommit,
  StreamExpiry,
  StreamTable,
  type Task,
  type Transaction,
  type Writer,
} from "../../kernel/index.ts";
import type { Appended } from "../../protocol/durable-stream.ts";
import { appendActionOf, appendedOf } from "../../protocol/durable-stream-actions.ts";
import { SessileError, type WireError } from "../../protocol/error.ts";
import type { Commit } from "../../protocol/event.ts";
import type { Json } from "../../protocol/json.ts";
import type { Limits } from "../../protocol/limits.ts";
import { isOpen, type StreamAnswer, type StreamInfo, type StreamSegment } from "../../protocol/stream.ts";
import { encodeChunk, type StreamChunk } from "../../protocol/stream-chunk.ts";
import type { AppendOptions, WriterOptions } from "../../protocol/stream-manager.ts";
import type { ChunksToAppend, StreamAction, StreamPost, StreamReply } from "../../protocol/stream-request.ts";
import type { Clock } from "../clock.ts";
import type { Visibility } from "../visibility.ts";
import { StreamQueue } from "./stream-queue.ts";
import { differs } from "./stream-reader.ts";
import { StreamReads } from "./stream-reads.ts";
import { StreamSockets } from "./stream-sockets.ts";

export interface StreamHostOptions {
  readonly context: DurableObjectState;
  readonly kernel: Kernel;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly visible: Visibility;
  readonly readAfter: (after: number) => LogPage | Promise<LogPage>;
  /** Commits the tasks and shows what they wrote. */
  readonly commit: (tasks: readonly Task[]) => Transaction;
  readonly write: <T>(body: (writer: Writer) => T) => T;
}

/** The streams of one session as its object serves them: to the kind's own code, to the worker, to sockets. */
export class StreamHost {
  readonly reads: StreamReads;
  readonly sockets: StreamSockets;
  readonly #options: StreamHostOptions;
  readonly #queue: StreamQueue;
  readonly #expiry: StreamExpiry;
  readonly #waiting = new Set<{ readonly streamId: string; readonly wake: () => void }>();
  #ended: SessileError | null = null;

  constructor(options: StreamHostOptions) {
    const { context, kernel, limits, clock, visible, readAfter, commit } = options;
    this.#options = options;
    this.reads = new StreamReads(kernel, visible, readAfter, clock);
    this.sockets = new StreamSockets({ context, shown: this.reads, limits, clock });
    this.#queue = new StreamQueue({
      clock,
      limits,
      commit,
      whenShown: (settle) => visible.whenShown(settle),
    });
    const table = new StreamTable(kernel.sql, limits.maxRowBytes);
    this.#expiry = new StreamExpiry(kernel.due, table, kernel.definition.streamRetention ?? null);
  }

  /** An instance is awake. */
  start(now: number): void {
    this.#expiry.start(now);
  }

  /** Another log has taken this one's place. */
  restart(now: number): void {
    this.reads.restart();
    this.sockets.closeAll("The session was imported.");
    this.#expiry.start(now);
  }

  /** The session is no more: whoever waits for a stream to grow is told so. */
  end(reason: SessileError): void {
    this.#ended = reason;
    for (const { wake } of this.#waiting) wake();
  }

  /** Streams may have been closed for as long as they are kept. */
  expire(): void {
    this.#options.write((writer) => writer.expireStreams());
  }

  /** Opens a stream, or goes on with the one there is; inside a command as part of its commit. */
  open(streamId: string, options: WriterOptions = {}): StreamInfo {
    return this.#options.write((writer) => writer.streams.open({ streamId, ...options }));
  }

  append(info: StreamInfo, chunk: StreamChunk, options: AppendOptions = {}): Promise<StreamAnswer> {
    return this.#append(info.streamId, { chunks: [encodeChunk(info.contentType, chunk)], ...options });
  }

  close(
    streamId: string,
    end: { readonly output: Json } | { readonly error: WireError },
  ): Promise<StreamAnswer> {
    return this.#queue.run(streamId, (streams) => streams.close(streamId, end));
  }

  /** Closes a stream unless it has closed; inside a command as part of its commit. */
  finish(streamId: string, end: { readonly output: Json } | { readonly error: WireError }): void {
    this.#options.write(({ streams }) => {
      const stream = streams.find(streamId);
      if (stream && isOpen(stream)) streams.close(streamId, end);
    });
  }

  drained(streamId: string): Promise<void> {
    return this.#queue.drained(streamId);
  }

  /** Resolves when a stream stands otherwise than it was known to. The function ends the waiting. */
  changed(known: StreamInfo): { readonly happened: Promise<void>; readonly stop: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { streamId } = known;
    if (this.#ended || differs(known, this.reads.info(streamId))) resolve();
    const waiter = { streamId, wake: resolve };
    this.#waiting.add(waiter);
    const stop = () => {
      this.#waiting.delete(waiter);
      resolve();
    };
    return { happened: promise, stop };
  }

  /** What has just become visible. */
  shown(commits: readonly StoredCommit[]): void {
    if (this.sockets.size > 0) this.#tellSockets(commits);
    for (const waiter of this.#waiting) {
      const name = `"streamId":${JSON.stringify(waiter.streamId)}`;
      if (commits.some(({ body }) => body.includes(name))) waiter.wake();
    }
  }

  #tellSockets(commits: readonly StoredCommit[]): void {
    for (const stored of commits) {
      if (!mayHold(stored, "stream.")) continue;
      for (const { type, payload } of (JSON.parse(stored.body) as Commit).events) {
        // Others may have no payload.
        if (!type.startsWith("stream.")) continue;
        if (type === "stream.segment") {
          this.sockets.grew(payload as unknown as StreamSegment);
          continue;
        }
        const { streamId, stream } = payload as { readonly streamId?: string; readonly stream?: StreamInfo };
        const changed = streamId ?? stream?.streamId;
        if (changed === undefined || type === "stream.opened") continue;
        const info = type === "stream.deleted" ? null : this.reads.info(changed);
        const isWithdrawn = type === "stream.cleaned" || type === "stream.reset";
        const isEnd = type === "stream.ended" || type === "stream.failed";
        // It has closed meanwhile, which its readers are told after the chunks that came before.
        if (info && !isOpen(info) && !isEnd && !isWithdrawn) continue;
        this.sockets.changed(changed, info, isWithdrawn);
      }
    }
  }

  /** Answers what the worker asks of a stream. */
  async answer(streamId: string, action: StreamAction): Promise<StreamReply> {
    if (this.#ended) throw this.#ended;
    switch (action.do) {
      case "info":
        return { info: this.reads.info(streamId) };
      case "read": {
        const info = this.reads.info(streamId);
        if (!info) return { info, pages: [], next: action.offset, more: false };
        return { info, ...(await this.reads.read(info, action.offset)) };
      }
      case "open": {
        const { do: _open, chunks = [], closed = false, ...options } = action;
        return this.#queue.run(streamId, (streams) => {
          const isNew = streams.find(streamId) === null;
          const info = streams.open({ streamId, ...options });
          if (isNew && chunks.length > 0) streams.append({ streamId, chunks });
          if (isNew && closed) streams.close(streamId, { output: null });
          return { info: streams.find(streamId) ?? info, isNew };
        });
      }
      case "append": {
        const { do: _append, alone = false, ...request } = action;
        return this.#append(streamId, request, alone);
      }
      case "drain":
        await this.drained(streamId);
        return {};
      case "post":
        return this.#post(streamId, action);
      case "close":
        return this.#closeWith(streamId, action);
      default:
        return this.#change(streamId, action);
    }
  }

  async #post(streamId: string, post: StreamPost): Promise<Appended> {
    const stream = this.reads.info(streamId);
    if (!stream) throw noSuchStream();
    const answer = (await this.answer(streamId, appendActionOf(stream, post))) as StreamAnswer;
    return appendedOf(this.reads.info(streamId) ?? stream, answer, post.producer);
  }

  #change(
    streamId: string,
    action: Exclude<
      StreamAction,
      { readonly do: "info" | "read" | "open" | "append" | "post" | "close" | "drain" }
    >,
  ): Promise<StreamReply> {
    return this.#queue.run<StreamReply>(streamId, (streams) => {
      switch (action.do) {
        case "pause":
          streams.pause(streamId);
          return {};
        case "resume":
          streams.resume(streamId);
          return {};
        case "cleanup":
          return { withdrawn: streams.cleanUpTo(streamId, action.step) };
        case "reset":
          streams.reset(streamId);
          return {};
        case "delete":
          return { existed: streams.delete(streamId, "deleted") };
        case "cancel":
          return { cancelled: streams.cancel(streamId) };
      }
    });
  }

  /** The last chunks and the end are one request: both or neither. */
  #closeWith(
    streamId: string,
    { append, end, producer }: StreamAction & { do: "close" },
  ): Promise<StreamAnswer> {
    const by = producer === undefined ? {} : { producer };
    return this.#queue.run(streamId, (streams) => {
      const closing = { ...end, ...by };
      // Without a number nothing tells a repeat of this data from other data.
      if (!append || (producer && streams.isRepeatedClose(streamId, closing)))
        return streams.close(streamId, closing);
      const { at } = streams.append({ streamId, ...append });
      return { ...streams.close(streamId, closing), at };
    });
  }

  #append(streamId: string, request: ChunksToAppend, alone = false): Promise<StreamAnswer> {
    if (request.chunks.length === 0)
      throw new SessileError("bad_request", "An append has at least one chunk.", { field: "chunks" });
    const chars = request.chunks.reduce<number>((sum, chunk) => sum + charsOf(chunk), 0);
    return this.#queue.append({ streamId, ...request }, chars, alone);
  }
}

function noSuchStream(): SessileError {
  return new SessileError("not_found", "There is no stream of this id.", { field: "streamId" });
}

function charsOf(chunk: Json): number {
  return typeof chunk === "string" ? chunk.length : JSON.stringify(chunk).length;
}
