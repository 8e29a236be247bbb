import {
  ChunkDecoder,
  isTerminalClose,
  type Json,
  SessileError,
  type StreamChunk,
  type StreamFrame,
  type StreamInfo,
} from "../protocol/index.ts";
import type { SocketConstructor, SocketLike } from "./environment.ts";

export interface OpenStreamOptions {
  /** Address of the stream, `http…` or `ws…`: `{server}/v1/sessions/{kind}/{name}/streams/{id}`. */
  readonly url: string;
  /** Where to begin. Default: the start. */
  readonly offset?: number;
  /** Called when chunks were withdrawn: what was read is void, and what is left follows. Without it the iteration throws `conflict`. */
  readonly onResync?: () => void;
  /** Ends the iteration, also while it waits. */
  readonly signal?: AbortSignal;
  /** Default: the platform's. */
  readonly WebSocket?: SocketConstructor;
}

export type StreamReading = Pick<OpenStreamOptions, "offset" | "onResync" | "signal">;

/** Opens streams of the session at an address. */
export function streamReader(
  sessionUrl: string,
  WebSocket: SocketConstructor,
): (streamId: string, options?: StreamReading) => ReturnType<typeof openStream> {
  return (streamId, options = {}) => {
    const url = new URL(sessionUrl);
    url.pathname += `/streams/${encodeURIComponent(streamId)}`;
    return openStream({ ...options, url: url.href, WebSocket });
  };
}

const firstRetryMs = 250;
const maxRetryMs = 10_000;

/**
 * Every chunk of a stream, over as many connections as it takes: after a cut it goes on where it was. Ends when the stream ends;
 * throws its error if it failed.
 *
 * @returns the output of the stream; null if `signal` ended the iteration
 */
export async function* openStream(options: OpenStreamOptions): AsyncGenerator<StreamChunk, Json, undefined> {
  const { signal } = options;
  const reader: Position = {
    offset: options.offset ?? null,
    generation: null,
    contentType: "",
    decoder: null,
  };
  for (let failures = 0; !signal?.aborted; ) {
    const connection = new StreamConnection(options, reader);
    const cut = () => connection.cut();
    signal?.addEventListener("abort", cut);
    try {
      for await (const frame of connection.frames()) {
        failures = 0;
        if (frame.t === "chunks") {
          for (const [index, chunk] of frame.chunks.entries()) {
            if (signal?.aborted) return null;
            reader.offset = frame.at + index + 1;
            yield reader.decoder?.decode(chunk) ?? chunk;
          }
          if (frame.more) connection.pull(frame.to);
        } else if (frame.t === "stream") adopt(reader, frame.info);
        else if (frame.t === "behind") connection.pull(reader.offset ?? 0);
        else if (frame.t === "resync") resync(reader, frame, options.onResync);
        else if (frame.t === "end") return frame.output;
        else if (frame.t === "fail") throw SessileError.fromWire(frame.error);
      }
    } finally {
      signal?.removeEventListener("abort", cut);
      connection.close();
    }
    await delay(Math.min(maxRetryMs, firstRetryMs * 2 ** failures++), signal);
  }
  return null;
}

function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
  });
}

interface Position {
  offset: number | null;
  generation: number | null;
  contentType: string;
  decoder: ChunkDecoder | null;
}

function adopt(reader: Position, info: StreamInfo): void {
  reader.generation ??= info.generation;
  reader.contentType = info.contentType;
  reader.decoder ??= new ChunkDecoder(info.contentType);
}

function resync(
  reader: Position,
  { generation, offset }: { readonly generation: number; readonly offset: number },
  onResync: (() => void) | undefined,
): void {
  if (!onResync)
    throw new SessileError(
      "conflict",
      "Chunks of this stream were withdrawn: what was read is void. Read it again.",
    );
  reader.generation = generation;
  reader.offset = offset;
  reader.decoder = new ChunkDecoder(reader.contentType);
  onResync();
}

/** One socket, as a sequence of frames. */
class StreamConnection {
  readonly #socket: SocketLike;
  readonly #frames: StreamFrame[] = [];
  #wake: () => void = () => {};
  #closed: { readonly code: number; readonly reason: string } | null = null;

  constructor(
    { url, WebSocket = globalThis.WebSocket as unknown as SocketConstructor }: OpenStreamOptions,
    at: Position,
  ) {
    const address = new URL(url.replace(/^http/, "ws"));
    if (at.offset !== null) address.searchParams.set("offset", String(at.offset));
    if (at.generation !== null) address.searchParams.set("generation", String(at.generation));
    this.#socket = new WebSocket(address.href, []);
    // A server on workerd ends the connection of a client that never said a word late.
    this.#socket.addEventListener("open", () => this.#socket.send('{"t":"hello"}'));
    this.#socket.addEventListener("message", ({ data }) => {
      this.#frames.push(JSON.parse(String(data)) as StreamFrame);
      this.#wake();
    });
    this.#socket.addEventListener("error", () => {});
    this.#socket.addEventListener("close", ({ code = 1006, reason = "" }) => {
      this.#closed = { code, reason };
      this.#wake();
    });
  }

  async *frames(): AsyncGenerator<StreamFrame, undefined, undefined> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame) yield frame;
      else if (this.#closed) {
        if (isTerminalClose(this.#closed.code)) throw closeError(this.#closed);
        return undefined;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  pull(offset: number): void {
    this.#socket.send(JSON.stringify({ t: "pull", offset }));
  }

  /** No frame comes any more. */
  cut(): void {
    this.#frames.length = 0;
    this.#closed = { code: 1000, reason: "" };
    this.#wake();
  }

  close(): void {
    this.#socket.close(1000);
  }
}

function closeError({ code, reason }: { readonly code: number; readonly reason: string }): SessileError {
  const message = reason || "The server refused this stream.";
  if (code === 4401) return new SessileError("unauthenticated", message);
  if (code === 4403) return new SessileError("forbidden", message);
  if (code === 4404 || code === 4410) return new SessileError("not_found", message);
  return new SessileError("bad_request", message);
}
