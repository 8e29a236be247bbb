import { bufferedBytes } from "../../object/buffered-bytes.ts";
import { closeCodes, closeReason } from "../../protocol/close-code.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import { defaultLimits } from "../../protocol/limits.ts";
import type { SessionVariables } from "../routes/session-routes.ts";
import { type ChatBody, resumeAnswer, sentAnswer } from "./chat-calls.ts";
import { readChatFrame } from "./chat-frame.ts";
import type { AnswerReader } from "./chat-stream.ts";

/** Answers that one socket may read at a time. */
const maxRequests = 32;
const invalidFrame = 1008;

type Answer =
  | { readonly type: "start" | "end" | "no-active" }
  | { readonly type: "chunk"; readonly sequence: number; readonly chunk: Json }
  | { readonly type: "error"; readonly errorText: string };

/** One request, as long as somebody waits for what comes of it. */
interface Reading {
  answer: AnswerReader | null;
}

/**
 * The other end of the AI SDK's `WebSocketChatTransport`: any number of chats and answers over one socket.
 *
 * @see https://ai-sdk.dev/docs/reference/ai-sdk-ui/websocket-chat-transport (version 7, read 2026-11)
 */
export class ChatSocket {
  readonly #socket: WebSocket;
  readonly #request: Request;
  readonly #open: (chatId: string) => Promise<SessionVariables>;
  readonly #reading = new Map<string, Reading>();

  /** @param socket accepted by nobody yet */
  constructor(socket: WebSocket, request: Request, open: (chatId: string) => Promise<SessionVariables>) {
    this.#socket = socket;
    this.#request = request;
    this.#open = open;
    socket.accept();
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", () => this.#leave());
    socket.addEventListener("error", () => this.#leave());
  }

  #receive(data: string | ArrayBuffer): void {
    const frame = readChatFrame(data);
    if (!frame) {
      this.#close(invalidFrame, "Invalid frame.");
      return;
    }
    // The client says so when it unmounts too, so it means no more than that nobody reads there any longer.
    if (frame.type === "abort") this.#detach(frame.requestId);
    else if (this.#reading.has(frame.requestId)) this.#close(invalidFrame, "This request id is in use.");
    else if (this.#reading.size >= maxRequests)
      this.#close(invalidFrame, `A socket reads at most ${maxRequests} answers at a time.`);
    else void this.#answer(frame);
  }

  async #answer(frame: {
    readonly type: "send" | "resume";
    readonly requestId: string;
    readonly id: string;
  }): Promise<void> {
    const { requestId } = frame;
    const reading: Reading = { answer: null };
    this.#reading.set(requestId, reading);
    try {
      const variables = await this.#open(frame.id);
      const answer =
        frame.type === "send"
          ? await sentAnswer(variables, this.#request, frame as unknown as ChatBody)
          : await resumeAnswer(variables);
      if (answer) await this.#relay(requestId, reading, answer);
      else this.#send(requestId, reading, { type: "no-active" });
    } catch (thrown) {
      this.#send(requestId, reading, { type: "error", errorText: SessileError.from(thrown).message });
    } finally {
      if (this.#reading.get(requestId) === reading) this.#reading.delete(requestId);
    }
  }

  async #relay(requestId: string, reading: Reading, answer: AnswerReader): Promise<void> {
    reading.answer = answer;
    this.#send(requestId, reading, { type: "start" });
    let sequence = 0;
    while (this.#reading.get(requestId) === reading) {
      const chunks = await answer.next().catch(() => undefined);
      if (chunks === null) {
        this.#send(requestId, reading, { type: "end" });
        return;
      }
      for (const chunk of chunks ?? [])
        this.#send(requestId, reading, { type: "chunk", sequence: sequence++, chunk });
      if (chunks || this.#reading.get(requestId) !== reading) continue;
      // An error would be the answer's; a connection that breaks is resumed.
      this.#close(closeCodes.restart, "The answer was interrupted.");
    }
    answer.close();
  }

  #detach(requestId: string): void {
    this.#reading.get(requestId)?.answer?.close();
    this.#reading.delete(requestId);
  }

  /** Whoever has left is told nothing more. */
  #send(requestId: string, reading: Reading, answer: Answer): void {
    if (this.#reading.get(requestId) !== reading) return;
    if (bufferedBytes(this.#socket) > defaultLimits.maxPeerBufferedBytes) {
      this.#close(closeCodes.restart, "Read what was sent before there is more.");
      return;
    }
    try {
      this.#socket.send(JSON.stringify({ ...answer, requestId }));
    } catch {
      this.#leave();
    }
  }

  #close(code: number, reason: string): void {
    this.#leave();
    this.#socket.close(code, closeReason(reason));
  }

  #leave(): void {
    for (const id of [...this.#reading.keys()]) this.#detach(id);
  }
}
