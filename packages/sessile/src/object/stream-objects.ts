import type { Json } from "../protocol/json.ts";
import type { StreamAnswer, StreamFrame, StreamInfo } from "../protocol/stream.ts";
import { encodeChunk, type StreamChunk } from "../protocol/stream-chunk.ts";
import type {
  AppendOptions,
  ReaderOptions,
  StreamManager,
  StreamReader,
  StreamWriter,
  WriterOptions,
} from "../protocol/stream-manager.ts";
import type { StreamAction, StreamReplies } from "../protocol/stream-request.ts";
import { failureOf } from "./session-streams.ts";
import { askStreamObject, openStreamObject, type StreamRelays } from "./stream-object.ts";
import { differs, PagedReader } from "./stream-reader.ts";

const retryMs = 1000;

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
    const ask = this.#ask(streamId);
    const info = await this.getInfo(streamId);
    if (!info) return null;
    const source = {
      read: (offset: number) => ask({ do: "read", offset }),
      changed: (known: StreamInfo) => this.#changed(streamId, known),
    };
    return new PagedReader({ ...info, streamId }, source, options);
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

  /** The object tells over a hibernating socket, and may sleep meanwhile; first of all it says how the stream stands. */
  #changed(name: string, known: StreamInfo): { readonly happened: Promise<void>; readonly stop: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    let socket: WebSocket | null = null;
    let isStopped = false;
    const wait = async () => {
      const opened = await openStreamObject(this.#namespace, name, known.tail, this.#relays);
      opened.addEventListener("message", ({ data }) => {
        const frame = JSON.parse(String(data)) as StreamFrame;
        if (frame.t !== "stream" || differs(known, frame.info)) resolve();
      });
      opened.addEventListener("close", () => resolve());
      opened.accept();
      socket = opened;
      if (isStopped) opened.close(1000);
    };
    // An object that cannot be reached, or has as many readers as it takes, is asked again, and not in a loop.
    wait().catch(() => scheduler.wait(retryMs).then(resolve));
    const stop = () => {
      isStopped = true;
      socket?.close(1000);
      resolve();
    };
    return { happened: promise, stop };
  }
}

class RemoteStreamWriter implements StreamWriter {
  readonly streamId: string;
  readonly #info: StreamInfo;
  readonly #ask: Ask;
  /** One request at a time, so that chunks arrive in the order they were given. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(streamId: string, info: StreamInfo, ask: Ask) {
    this.streamId = streamId;
    this.#info = info;
    this.#ask = ask;
  }

  append(chunk: StreamChunk, options: AppendOptions = {}): Promise<StreamAnswer> {
    return this.#next(() =>
      this.#ask({ do: "append", chunks: [encodeChunk(this.#info.contentType, chunk)], ...options }),
    );
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

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
  }

  #next<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#last.then(run, run);
    this.#last = next.catch(() => undefined);
    return next;
  }
}
