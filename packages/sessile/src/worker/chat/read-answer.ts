import { readSocket } from "../../durable-streams/socket-reader.ts";
import type { LiveReader, LiveUpdate } from "../../durable-streams/stream-port.ts";
import { endsAnswer } from "../../protocol/chat.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import type { SessionVariables } from "../routes/session-routes.ts";
import { streamSocket } from "../routes/stream-routes.ts";
import type { AnswerReader } from "./chat-stream.ts";

/** An answer from its beginning. @throws SessileError */
export async function readAnswer(variables: SessionVariables, streamId: string): Promise<AnswerReader> {
  return new SocketAnswer(variables, streamId, await openAt(variables, streamId, 0));
}

class SocketAnswer implements AnswerReader {
  readonly #variables: SessionVariables;
  readonly #streamId: string;
  #reader: LiveReader;
  /** What has been read, and where the socket was opened. */
  #at = 0;
  #openedAt = 0;
  #isWhole = false;
  #isClosed = false;

  constructor(variables: SessionVariables, streamId: string, reader: LiveReader) {
    this.#variables = variables;
    this.#streamId = streamId;
    this.#reader = reader;
  }

  close(): void {
    this.#isClosed = true;
    this.#reader.close();
  }

  async next(): Promise<readonly Json[] | null> {
    for (;;) {
      const update = await this.#reader.next().catch((thrown: unknown) => this.#cut(thrown));
      if (update === "reopened") continue;
      if (update && "chunks" in update) {
        this.#at = update.to;
        this.#isWhole ||= update.chunks.some(endsAnswer);
        return update.chunks;
      }
      if (this.#isWhole) return null;
      throw new SessileError("unavailable", "The answer was cut off.", { retryAfterMs: 1000 });
    }
  }

  /** Whoever read so slowly that the rest did not wait for them comes back for it, as long as each socket brings them further. */
  async #cut(thrown: unknown): Promise<LiveUpdate | "reopened" | null> {
    // A failed answer tells so in its own words; what comes after them is the end of the stream.
    if (this.#isWhole) return null;
    const isCut = thrown instanceof SessileError && thrown.code === "unavailable";
    if (!isCut || this.#isClosed || this.#at === this.#openedAt) throw thrown;
    this.#openedAt = this.#at;
    this.#reader = await openAt(this.#variables, this.#streamId, this.#at);
    if (this.#isClosed) this.#reader.close();
    return "reopened";
  }
}

async function openAt(
  { target, actor }: SessionVariables,
  streamId: string,
  offset: number,
): Promise<LiveReader> {
  const { webSocket } = await streamSocket(target, actor, streamId, `?offset=${offset}&paced`);
  if (!webSocket) throw new SessileError("unavailable", "The session did not open a stream.");
  return readSocket(webSocket, offset);
}
