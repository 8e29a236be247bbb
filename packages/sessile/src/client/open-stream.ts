import {
  ChunkDecoder,
  isTerminalClose,
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
  /** Default: the platform's. */
  readonly WebSocket?: SocketConstructor;
}

const firstRetryMs = 250;
const maxRetryMs = 10_000;

/**
 * Every chunk of a stream, over as many connections as it takes: after a cut it goes on where it was. Ends when the stream ends;
 * throws its error if it failed.
 */
export async function* openStream(
  options: OpenStreamOptions,
): AsyncGenerator<StreamChunk, undefined, undefined> {
  const reader: Position = {
    offset: options.offset ?? null,
    generation: null,
    contentType: "",
    decoder: null,
  };
  for (let failures = 0; ; ) {
    const connection = new StreamConnection(options, reader);
    try {
      for await (const frame of connection.frames()) {
        failures = 0;
        if (frame.t === "chunks") {
          for (const [index, chunk] of frame.chunks.entries()) {
            reader.offset = frame.at + index + 1;
            yield reader.decoder?.decode(chunk) ?? chunk;
          }
          if (frame.more) connection.pull(frame.to);
        } else if (frame.t === "stream") adopt(reader, frame.info);
        else if (frame.t === "behind") connection.pull(reader.offset ?? 0);
        else if (frame.t === "resync") resync(reader, frame, options.onResync);
        else if (frame.t === "end") return undefined;
        else if (frame.t === "fail") throw SessileError.fromWire(frame.error);
      }
    } finally {
      connection.close();
    }
    const waitMs = Math.min(maxRetryMs, firstRetryMs * 2 ** failures++);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
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
