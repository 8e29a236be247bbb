import type { UIMessage, UIMessageChunk } from "ai";
import { callable } from "../object/callable.ts";
import { Session } from "../object/session.ts";
import type { WorkContext, WorkFunction } from "../object/work-runner.ts";
import type { ChatState } from "../protocol/chat.ts";
import { SessileError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import { defaultLimits } from "../protocol/limits.ts";
import { type AnswerEnd, endingChunks, endOf, explain, fitted, messageOf } from "./answer-chunks.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { parseQuestion } from "./chat-request.ts";
import { type MessageCreated, maxMessages, placeOf, readConversation, type Said } from "./conversation.ts";

export type ChatSessionState = { readonly chat: ChatState };

/** What an event says beside its message. */
const overheadChars = 100;

/** Spread into the `initialState` of a chat that keeps more. */
export const initialChat: ChatSessionState = { chat: { head: null, active: null } };

/** What `answer` has to go by. */
export interface AnswerContext {
  /** The conversation, oldest first, up to the message to be answered. */
  readonly messages: UIMessage[];
  /** Of the answer. */
  readonly messageId: string;
  /** Whatever the client sent beside the message; `null` if nothing. It is the client's word. */
  readonly body: Json;
  /** Aborted when somebody stops the answer. Nothing else does: readers may come and go. */
  readonly signal: AbortSignal;
}

/** What `toUIMessageStream` and `createUIMessageStream` of the AI SDK give. */
export type AnswerStream = AsyncIterable<UIMessageChunk>;

type AnswerInput = { readonly streamId: string; readonly body: Json };
type ChatEvents = { readonly "message.created": MessageCreated & Json };

/**
 * A chat that answers through the AI SDK, for `useChat` as it is. The answer is written into a stream of the session whether or
 * not anybody reads, one at a time, and its message is stored in the commit that ends it.
 *
 *     export class Chat extends ChatSession<Env> {
 *       readonly kind = "chat";
 *       async answer({ messages, signal }: AnswerContext) {
 *         const { stream } = streamText({
 *           model: openai("gpt-5-mini"), messages: await convertToModelMessages(messages), abortSignal: signal,
 *         });
 *         return toUIMessageStream({ stream });
 *       }
 *     }
 */
export abstract class ChatSession<
  Env = unknown,
  State extends ChatSessionState = ChatSessionState,
> extends Session<Env, State, ChatEvents> {
  override readonly initialState = initialChat as State;
  override readonly clientWrites: Session["clientWrites"] = { events: [] };
  /** A kind with works of its own spreads these into them. */
  protected readonly chatWorks: { readonly [name: string]: WorkFunction } = {
    answer: (work, input) => this.#run(work, input as AnswerInput),
  };
  override readonly works: Session["works"] = this.chatWorks;
  readonly #writing = new Map<string, AbortController>();

  /** Answers the last message. What it throws ends the answer as failed. */
  protected abstract answer(context: AnswerContext): AnswerStream | Promise<AnswerStream>;

  /** Takes a question and begins to answer it. @throws SessileError `conflict` while another answer is being written */
  readonly send = callable((request: Json) => {
    const question = parseQuestion(request);
    const { head, active } = this.state.chat;
    if (active)
      throw new SessileError("conflict", "An answer is being written. Wait for its end, or stop it.", {
        field: "id",
        current: active.streamId,
      });
    const place = placeOf(this.#read(head).said, question);
    const { message, body } = question;
    const asked = message ? this.#append(message, place) : place;
    const streamId = crypto.randomUUID();
    this.streams.open(streamId, { contentType: "application/json" });
    this.#setChat({ head: asked, active: { streamId, stopping: false } });
    this.startWork("answer", { workId: streamId, input: { streamId, body } satisfies AnswerInput });
    return { streamId };
  });

  /** Ends the answer that is being written and keeps what there is of it. One that names another has come too late and does nothing. */
  readonly stop = callable((streamId: string | null = null) => {
    const { head, active } = this.state.chat;
    if (!active || (streamId !== null && streamId !== active.streamId)) return { stopped: false };
    if (!active.stopping) this.#setChat({ head, active: { ...active, stopping: true } });
    this.#writing.get(active.streamId)?.abort();
    return { stopped: true };
  });

  /** `GET …/messages`: the conversation, for the page that opens. */
  override onRequest(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname !== "/messages" || request.method !== "GET") return super.onRequest(request);
    const { head } = this.state.chat;
    const active = this.lifecycle === "terminated" ? null : this.state.chat.active;
    const { said, hasMore } = this.#read(head);
    return Response.json({
      messages: said.map(({ message }) => message),
      activeStreamId: active?.streamId ?? null,
      hasMore,
    });
  }

  /** Runs once for each answer, and again if the object died in between: then nobody is writing, and that is how it ends. */
  async #run(work: WorkContext, { streamId, body }: AnswerInput): Promise<undefined> {
    const abort = new AbortController();
    this.#writing.set(streamId, abort);
    try {
      let isFirst = false;
      await work.step("begin", () => {
        isFirst = true;
        return null;
      });
      if (isFirst) await this.#write(streamId, body, abort);
      else await this.#takeUp(streamId);
    } finally {
      this.#writing.delete(streamId);
    }
    return undefined;
  }

  async #write(streamId: string, body: Json, abort: AbortController): Promise<void> {
    const answer = new AnswerWriter(this.streams.open(streamId, { contentType: "application/json" }), abort);
    let end: AnswerEnd;
    try {
      if (this.state.chat.active?.stopping) abort.abort();
      await answer.write({ type: "start", messageId: streamId });
      const messages = this.#read(this.state.chat.head).said.map(({ message }) => message);
      const source = await this.answer({ messages, messageId: streamId, body, signal: abort.signal });
      end = await answer.take(source);
    } catch (thrown) {
      end = this.#failed(thrown, abort.signal);
    }
    // Whatever is still to come from the model is nobody's any more.
    abort.abort();
    await this.#settle(streamId, answer, end);
  }

  /** An answer whose writer is gone. If it had come to its end, only the message was missing. */
  async #takeUp(streamId: string): Promise<void> {
    const answer = new AnswerWriter(this.streams.open(streamId, { contentType: "application/json" }));
    answer.chunks.push(...(await this.#readChunks(streamId)));
    const outcome = this.state.chat.active?.stopping ? "stopped" : "interrupted";
    if (answer.chunks.length === 0) await answer.write({ type: "start", messageId: streamId });
    await this.#settle(streamId, answer, { outcome, errorText: null, finish: null });
  }

  /** Ends the stream, keeps the message and frees the chat in one commit, after everything that was written. */
  async #settle(streamId: string, answer: AnswerWriter, ended: AnswerEnd): Promise<void> {
    const known = endOf(answer.chunks);
    const end = known ?? ended;
    try {
      if (!known) for (const chunk of endingChunks(end)) await answer.write(chunk);
      await answer.drained();
    } catch (thrown) {
      // Somebody closed the stream: what is in it stays, and the message is kept all the same.
      this.log("warn", "chat", "The stream could not be written to its end", { detail: String(thrown) });
    }
    const { maxPayloadChars } = { ...defaultLimits, ...this.limits };
    const message = fitted(await messageOf(streamId, answer.chunks, end), maxPayloadChars - overheadChars);
    await this.#untilStored(() =>
      this.commit(() => {
        const { head, active } = this.state.chat;
        if (active?.streamId !== streamId) return;
        const failure = new SessileError(end.outcome === "failed" ? "internal" : "unavailable", explain(end));
        const isWhole = end.outcome === "complete" || end.outcome === "stopped";
        this.streams.finish(streamId, isWhole ? { output: { outcome: end.outcome } } : { error: failure });
        this.#setChat({ head: this.#append(message, head), active: null });
      }),
    );
  }

  /** A record or a disk that is away for a while must not leave the chat waiting for an answer for ever. */
  async #untilStored(store: () => void): Promise<void> {
    for (;;) {
      try {
        return store();
      } catch (thrown) {
        if (!(thrown instanceof SessileError) || !thrown.retryable) throw thrown;
        await scheduler.wait(1000);
      }
    }
  }

  #failed(thrown: unknown, signal: AbortSignal): AnswerEnd {
    const own = thrown instanceof SessileError ? thrown : null;
    // Its stream was cancelled, which is another way to want no more of it.
    if (own ? own.code === "not_writable" : signal.aborted)
      return { outcome: "stopped", errorText: null, finish: null };
    this.log("error", "chat", "The answer failed", { detail: String(thrown) });
    // Our own errors are written to be read; what a provider says may hold anything.
    return {
      outcome: "failed",
      errorText: own?.message ?? null,
      finish: null,
    };
  }

  async #readChunks(streamId: string): Promise<UIMessageChunk[]> {
    const info = await this.streams.getInfo(streamId);
    const reader = info && (await this.streams.createReader(streamId));
    const chunks: UIMessageChunk[] = [];
    if (!reader || info.tail === info.start) return chunks;
    for await (const chunk of reader) {
      chunks.push(chunk as unknown as UIMessageChunk);
      if (reader.offset >= info.tail) break;
    }
    return chunks;
  }

  #read(head: number | null): { readonly said: readonly Said[]; readonly hasMore: boolean } {
    const at = (seq: number) => {
      try {
        return (
          this.readEvents({ after: seq - 1, limit: 1 }).events.find((event) => event.seq === seq) ?? null
        );
      } catch (thrown) {
        // It lies in the archive.
        if (thrown instanceof SessileError && thrown.code === "not_found") return null;
        throw thrown;
      }
    };
    return readConversation(head, at, maxMessages);
  }

  #append(message: UIMessage, previous: number | null): number {
    return this.append("message.created", { message, previous } as unknown as ChatEvents["message.created"]);
  }

  #setChat(chat: ChatState): void {
    this.setState({ ...this.state, chat } as State);
  }
}
