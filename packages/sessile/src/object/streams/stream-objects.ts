import type { Json } from "../../protocol/json.ts";
import type { StreamAnswer, StreamInfo } from "../../protocol/stream.ts";
import { encodeChunk, type StreamChunk } from "../../protocol/stream-chunk.ts";
import type {
  AppendOptions,
  ReaderOptions,
  StreamManager,
  StreamReader,
  StreamWriter,
  WriterOptions,
} from "../../protocol/stream-manager.ts";
import type { StreamAction, StreamReplies } from "../../protocol/stream-request.ts";
import { readRemoteStream } from "./remote-stream-reader.ts";
import { failureOf } from "./session-streams.ts";
import { askStreamObject, openStreamObject, type StreamRelays } from "./stream-object.ts";

type Ask = <Do extends StreamAction["do"]>(
  action: StreamAction & { readonly do: Do },
) => Promise<StreamReplies[Do]>;

/** Standalone streams: each id is an object of the namespace. From a Worker or from another object. */
export class StreamObjects implements StreamManager {
  readonly #namespace: DurableObjectNamespace;
  readonly #relays: StreamRelays | null;

  /** @param relays serve the readers that a stream's object has no room for */
  constructor(namespace: DurableObjectNamespace, relays: StreamRelays | null = null) {
    this.#namespace = namespace;
    this.#relays = relays;
  }

  async createWriter(streamId: string, options: WriterOptions = {}): Promise<StreamWriter> {
    const ask = this.#ask(streamId);
    const { info } = await ask({ do: "open", ...options });
    return new RemoteStreamWriter(streamId, info, ask);
  }

  async createReader(streamId: string, options: ReaderOptions = {}): Promise<StreamReader | null> {
    const source = {
      read: (offset: number) => this.#ask(streamId)({ do: "read", offset }),
      open: (offset: number) => openStreamObject(this.#namespace, streamId, { offset }, this.#relays),
    };
    return readRemoteStream(streamId, await this.getInfo(streamId), source, options);
  }

  async endStream(streamId: string, output: Json = null): Promise<void> {
    await this.#ask(streamId)({ do: "close", end: { output } });
  }

  async failStream(streamId: string, error: unknown): Promise<void> {
    await this.#ask(streamId)({ do: "close", end: { error: failureOf(error) } });
  }

  async cleanupToStep(streamId: string, step: number): Promise<number> {
    return (await this.#ask(streamId)({ do: "cleanup", step })).withdrawn;
  }

  async resetStream(streamId: string): Promise<void> {
    await this.#ask(streamId)({ do: "reset" });
  }

  async deleteStream(streamId: string): Promise<boolean> {
    return (await this.#ask(streamId)({ do: "delete" })).existed;
  }

  async getInfo(streamId: string): Promise<StreamInfo | null> {
    return (await this.#ask(streamId)({ do: "info" })).info;
  }

  #ask(name: string): Ask {
    return (action) => askStreamObject(this.#namespace, name, action) as never;
  }
}

/** Characters of chunks that go with one request. */
const maxBatchChars = 64 * 1024;

/** Chunks that share a request. */
interface Batch {
  readonly step: number | undefined;
  readonly chunks: Json[];
  chars: number;
  sent: Promise<StreamAnswer>;
}

class RemoteStreamWriter implements StreamWriter {
  readonly streamId: string;
  readonly #info: StreamInfo;
  readonly #ask: Ask;
  /** One request at a time, so that chunks arrive in the order they were given. */
  #last: Promise<unknown> = Promise.resolve();
  /** Of the last request that has not gone yet, if chunks may still join it. */
  #waiting: Batch | null = null;
  #isAsking = false;
  /** Calls of `close` under way. */
  #closing = 0;

  constructor(streamId: string, info: StreamInfo, ask: Ask) {
    this.streamId = streamId;
    this.#info = info;
    this.#ask = ask;
  }

  async append(chunk: StreamChunk, options: AppendOptions = {}): Promise<StreamAnswer> {
    const encoded = encodeChunk(this.#info.contentType, chunk);
    const { step, producer, order } = options;
    // Numbered requests are told apart by their numbers.
    if (producer !== undefined || order !== undefined)
      return this.#next(() => this.#ask({ do: "append", chunks: [encoded], ...options }));
    const { batch, index } = this.#join(encoded, step);
    const answer = await batch.sent;
    return { ...answer, at: answer.at + index };
  }

  async pause(): Promise<void> {
    await this.#next(() => this.#ask({ do: "pause" }));
  }

  async resume(): Promise<void> {
    await this.#next(() => this.#ask({ do: "resume" }));
  }

  async end(output: Json = null): Promise<void> {
    await this.#next(() => this.#ask({ do: "close", end: { output } }));
  }

  async fail(error: unknown): Promise<void> {
    await this.#next(() => this.#ask({ do: "close", end: { error: failureOf(error) } }));
  }

  /** What is on its way, and what goes then, waits for nothing that may still come. */
  async close(): Promise<void> {
    const last = this.#last;
    this.#closing += 1;
    if (this.#isAsking) void this.#ask({ do: "drain" }).catch(() => undefined);
    await last.catch(() => undefined);
    this.#closing -= 1;
  }

  #join(chunk: Json, step: number | undefined): { readonly batch: Batch; readonly index: number } {
    const chars = JSON.stringify(chunk).length;
    const waiting = this.#waiting;
    if (waiting && waiting.step === step && waiting.chars + chars <= maxBatchChars) {
      waiting.chars += chars;
      return { batch: waiting, index: waiting.chunks.push(chunk) - 1 };
    }
    const chunks = [chunk];
    const sent = this.#next(() => {
      if (this.#waiting === batch) this.#waiting = null;
      const alone = this.#closing > 0 ? { alone: true as const } : {};
      return this.#ask({ do: "append", chunks, ...(step === undefined ? {} : { step }), ...alone });
    });
    const batch: Batch = { step, chunks, chars, sent };
    this.#waiting = batch;
    return { batch, index: 0 };
  }

  /** Nothing that is given from now on goes with what was given before. */
  #next<T>(run: () => Promise<T>): Promise<T> {
    this.#waiting = null;
    const ask = async () => {
      this.#isAsking = true;
      try {
        return await run();
      } finally {
        this.#isAsking = false;
      }
    };
    const next = this.#last.then(ask, ask);
    this.#last = next.catch(() => undefined);
    return next;
  }
}
