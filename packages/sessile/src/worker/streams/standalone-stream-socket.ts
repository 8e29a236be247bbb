import { bufferedBytes } from "../../object/buffered-bytes.ts";
import type { StreamBeginning } from "../../object/streams/stream-object.ts";
import { closeCodes, closeReason } from "../../protocol/close-code.ts";
import { SessileError } from "../../protocol/error.ts";
import { defaultLimits } from "../../protocol/limits.ts";
import type { StreamFrame } from "../../protocol/stream.ts";
import { pulledOffset, streamGreeting } from "../../protocol/stream-pull.ts";
import type { StandaloneStream } from "./standalone-stream.ts";

/**
 * A reader's socket of a standalone stream. The object, or a relay, serves it alone, unless the reader begins with chunks that the
 * stream shares with another.
 *
 * @throws SessileError `not_found`, `gone`, `bad_request`
 */
export async function standaloneStreamSocket(
  stream: StandaloneStream,
  { offset, generation }: Required<Pick<StreamBeginning, "offset" | "generation">>,
): Promise<Response> {
  const { start } = await stream.begin(offset);
  if (offset >= start) {
    const webSocket = await stream.open({ offset, generation });
    return new Response(null, { status: 101, webSocket });
  }
  const info = await stream.info();
  const isVoid = generation !== null && generation !== info.generation;
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  server.send(JSON.stringify({ t: "stream", info } satisfies StreamFrame));
  if (isVoid)
    server.send(
      JSON.stringify({ t: "resync", generation: info.generation, offset: 0 } satisfies StreamFrame),
    );
  void new ForkReader(stream, server).read(isVoid ? 0 : offset);
  return new Response(null, { status: 101, webSocket: client });
}

/** Serves what is shared page by page, as fast as the reader asks; then hands on what the stream's own socket says. */
class ForkReader {
  readonly #stream: StandaloneStream;
  readonly #reader: WebSocket;
  #source: WebSocket | null = null;
  #isReading = false;
  #isOver = false;

  /** @param reader accepted already */
  constructor(stream: StandaloneStream, reader: WebSocket) {
    this.#stream = stream;
    this.#reader = reader;
    reader.addEventListener("message", ({ data }) => this.#receive(data));
    reader.addEventListener("close", () => this.#end(1000, ""));
  }

  /** One page. The reader asks for the next, unless it was the last. */
  async read(offset: number): Promise<void> {
    // Who asks without waiting for the answer is answered once.
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      const { at, to, chunks, head } = await this.#stream.read(offset);
      const more = to < head.start;
      this.#send({ t: "chunks", at, to, chunks, ...(more ? { more } : {}) });
      if (!more) await this.#follow(to);
    } catch {
      this.#end(closeCodes.restart, "The stream was interrupted. Read on from where you are.");
    } finally {
      this.#isReading = false;
    }
  }

  async #follow(offset: number): Promise<void> {
    const source = await this.#stream.open({ offset, isPaced: true });
    source.addEventListener("message", ({ data }) => this.#sendText(String(data)));
    source.addEventListener("close", ({ code, reason }) => this.#end(code, reason));
    source.accept();
    source.send(streamGreeting);
    this.#source = source;
    if (this.#isOver) source.close(1000);
  }

  #receive(data: string | ArrayBuffer): void {
    if (this.#source) this.#source.send(data);
    else if (data !== streamGreeting) {
      try {
        void this.read(pulledOffset(data));
      } catch (thrown) {
        this.#end(closeCodes.protocolError, SessileError.from(thrown).message);
      }
    }
  }

  #send(frame: StreamFrame): void {
    this.#sendText(JSON.stringify(frame));
  }

  /** Who does not read is sent away. When they come back, past what is shared, the object itself sees what waits for them. */
  #sendText(text: string): void {
    if (this.#isOver) return;
    if (bufferedBytes(this.#reader) > defaultLimits.maxPeerBufferedBytes)
      this.#end(closeCodes.restart, "Read what was sent before there is more.");
    else this.#reader.send(text);
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#source?.close(1000);
    this.#reader.close(code === 1005 || code === 1006 ? closeCodes.restart : code, closeReason(reason));
  }
}
