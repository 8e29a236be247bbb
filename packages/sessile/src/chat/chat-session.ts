import { getToolName, type UIMessage, type UIMessageChunk } from "ai";
import { callable } from "../object/callable.ts";
import type { CallGate, PendingCall } from "../object/gates/call-gate.ts";
import { Session } from "../object/session.ts";
import { settled } from "../object/session-kind.ts";
import { untilStored } from "../object/works/until-stored.ts";
import type { WorkContext, WorkFunction } from "../object/works/work-runner.ts";
import { describeThrown } from "../object/write-report.ts";
import type { ChatReplay, ChatState } from "../protocol/chat.ts";
import type { EventMap } from "../protocol/contract.ts";
import { SessileError } from "../protocol/error.ts";
import type { SessionEvent } from "../protocol/event.ts";
import type { Gate, GateOutcome } from "../protocol/gate.ts";
import type { Json } from "../protocol/json.ts";
import { defaultLimits } from "../protocol/limits.ts";
import { modelError } from "../protocol/model-error.ts";
import {
  type AnswerEnd,
  brokenOff,
  endingChunks,
  endOf,
  explain,
  failedEnd,
  fitted,
  messageOf,
} from "./answer-chunks.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { type WaitingCall, waitingCalls, withOutcomes } from "./approvals.ts";
import { parseQuestion } from "./chat-request.ts";
import { type MessageCreated, maxMessages, placeOf, readConversation, type Said } from "./conversation.ts";
import { chunksOf } from "./replay.ts";
import { parseResponses, responsesTo } from "./respond.ts";

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

type AnswerInput = {
  readonly streamId: string;
  readonly body: Json;
  /** The message it goes on with; absent: it is a new one, whose id is the stream's. */
  readonly messageId?: string;
};

type ChatGate = Parameters<Session["openGate"]>[0];

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
  Events extends EventMap = Record<never, never>,
> extends Session<Env, State, ChatEvents & Events> {
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

  /** Decides about the gate of a call that needs an approval, or that a client is to carry out. Default: waits for ever, for anybody. */
  protected gateOf(_call: PendingCall): CallGate {
    return {};
  }

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
    const waiting = this.#waitingGates(this.#last()?.message.id);
    const asked = message ? this.#append({ message, previous: place }) : place;
    const streamId = this.#begin(asked, { body });
    // Whatever the answer before was waiting for no longer matters.
    for (const gateId of waiting) this.expireGate(gateId);
    return { streamId };
  });

  /**
   * Takes what a person decided about the calls that the last answer waits for. When nothing of it waits any longer the answer goes on,
   * whoever gave the last answer and from wherever.
   *
   * @throws SessileError `gate_closed` for one that says otherwise than what was answered before
   */
  readonly respond = callable((posted: Json) => {
    const given = parseResponses(posted);
    const last = this.#last();
    if (last?.message.id !== given.messageId || given.responses.length === 0)
      throw new SessileError(
        "conflict",
        "This message is no longer the last, or answers nothing. Read the conversation again.",
        {
          field: "message",
        },
      );
    for (const { gateId, answer } of responsesTo(last.message, given, (id) => this.gate(id)))
      this.answerGate(gateId, answer.answer, answer);
    return { streamId: this.state.chat.active?.streamId ?? null };
  });

  /** Ends the answer that is being written and keeps what there is of it. One that names another has come too late and does nothing. */
  readonly stop = callable((streamId: string | null = null) => {
    const { head, active } = this.state.chat;
    const named = [active?.streamId, active?.messageId];
    if (!active || (streamId !== null && !named.includes(streamId))) return { stopped: false };
    if (!active.stopping) this.#setChat({ head, active: { ...active, stopping: true } });
    // Once it is stored: a commit that is rolled back stops nothing.
    queueMicrotask(() => {
      if (this.state.chat.active?.stopping) this.#writing.get(active.streamId)?.abort();
    });
    return { stopped: true };
  });

  /** `GET …/messages`: the conversation, for the page that opens. `GET …/replay`: what comes before the answer that is being written. */
  override onRequest(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/replay" && request.method === "GET") return Response.json(this.#replay());
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

  override [settled](gate: Gate, outcome: GateOutcome): void {
    super[settled](gate, outcome);
    const last = this.#last();
    if (last && gate.gateId.startsWith(`${last.message.id}:`)) this.#goOn(last);
  }

  /** Runs once for each answer, and again if the object died in between: then nobody is writing, and that is how it ends. */
  async #run(work: WorkContext, input: AnswerInput): Promise<undefined> {
    const { streamId } = input;
    const abort = new AbortController();
    this.#writing.set(streamId, abort);
    try {
      let isFirst = false;
      const begin = () => {
        isFirst = true;
        return null;
      };
      await this.#untilStored(() => work.step("begin", begin));
      if (isFirst) await this.#write(input, abort);
      else await this.#takeUp(input);
    } finally {
      this.#writing.delete(streamId);
    }
    return undefined;
  }

  async #write(input: AnswerInput, abort: AbortController): Promise<void> {
    const { streamId, body, messageId = streamId } = input;
    const answer = await this.#writerOf(streamId, abort);
    let end: AnswerEnd;
    try {
      if (this.state.chat.active?.stopping) abort.abort();
      await answer.write({ type: "start", messageId });
      const messages = this.#read(this.state.chat.head).said.map(({ message }) => message);
      const source = await this.answer({ messages, messageId, body, signal: abort.signal });
      end = await answer.take(source);
    } catch (thrown) {
      end = this.#failed(thrown, abort.signal);
    }
    // Whatever is still to come from the model is nobody's any more.
    abort.abort();
    await this.#settle(input, answer, end);
  }

  /** An answer whose writer is gone. If it had come to its end, only the message was missing. */
  async #takeUp(input: AnswerInput): Promise<void> {
    const { streamId, messageId = streamId } = input;
    const answer = await this.#writerOf(streamId);
    answer.chunks.push(...(await this.#untilStored(() => this.#readChunks(streamId))));
    const outcome = this.state.chat.active?.stopping ? "stopped" : "interrupted";
    if (answer.chunks.length === 0) await answer.write({ type: "start", messageId });
    await this.#settle(input, answer, { outcome, errorText: null, finish: null });
  }

  /** Ends the stream, keeps the message and frees the chat in one commit, after everything that was written. */
  async #settle(input: AnswerInput, answer: AnswerWriter, ended: AnswerEnd): Promise<void> {
    const { streamId, messageId, body } = input;
    const known = endOf(answer.chunks);
    const end = known ?? ended;
    try {
      if (!known) for (const chunk of endingChunks(end)) await answer.write(chunk);
      await answer.drained();
    } catch (thrown) {
      // Somebody closed the stream: what is in it stays, and the message is kept all the same.
      this.log("warn", "chat", "The stream could not be written to its end", describeThrown(thrown));
    }
    const before =
      messageId === undefined ? undefined : this.#read(this.state.chat.head).said.at(-1)?.message;
    const message = this.#fitted(await messageOf(messageId ?? streamId, answer.chunks, end, before), body);
    try {
      const gates =
        end.outcome === "complete" ? waitingCalls(message).map((call) => this.#gateFor(call)) : [];
      await this.#untilStored(() => this.commit(() => this.#conclude(input, end, message, gates)));
    } catch (thrown) {
      // A gate that cannot be opened, say. The chat goes on without its call.
      this.log("error", "chat", "The answer could not be kept as it is", describeThrown(thrown));
      const broken = this.#fitted(brokenOff(message, failedEnd), body);
      await this.#untilStored(() => this.commit(() => this.#conclude(input, failedEnd, broken, [])));
    }
  }

  #fitted(message: UIMessage, body: Json): UIMessage {
    const { maxPayloadChars } = { ...defaultLimits, ...this.limits };
    return fitted(message, maxPayloadChars - overheadChars - JSON.stringify(body).length);
  }

  #conclude(
    { streamId, messageId, body }: AnswerInput,
    end: AnswerEnd,
    message: UIMessage,
    gates: readonly ChatGate[],
  ): void {
    const { head, active } = this.state.chat;
    if (active?.streamId !== streamId) return;
    const failure = new SessileError(end.outcome === "failed" ? "internal" : "unavailable", explain(end));
    const isWhole = end.outcome === "complete" || end.outcome === "stopped";
    this.streams.finish(streamId, isWhole ? { output: { outcome: end.outcome } } : { error: failure });
    const before = messageId === undefined || head === null ? null : this.#at(head);
    const previous = before ? before.payload.previous : head;
    const created = { message, previous, ...(gates.length > 0 ? { body } : {}) };
    const next = this.#append(created);
    const asker = previous === null ? null : this.#at(previous)?.actor;
    for (const gate of gates) this.openGate({ ...(asker ? { requestedBy: asker.id } : {}), ...gate });
    this.#setChat({ head: next, active: null });
    // What is always allowed has been answered already.
    if (gates.length > 0) this.#goOn(created);
  }

  #begin(head: number | null, { body, messageId }: Omit<AnswerInput, "streamId">): string {
    const streamId = crypto.randomUUID();
    this.streams.open(streamId, { contentType: "application/json" });
    const goesOn = messageId === undefined ? {} : { messageId };
    this.#setChat({ head, active: { streamId, stopping: false, ...goesOn } });
    const input: AnswerInput = { streamId, body, ...goesOn };
    this.startWork("answer", { workId: streamId, input });
    return streamId;
  }

  /** The answer goes on as soon as nobody is waited for. */
  #goOn({ message, body = null }: MessageCreated): void {
    const { head, active } = this.state.chat;
    if (!active && this.#waitingGates(message.id).length === 0)
      this.#begin(head, { body, messageId: message.id });
  }

  #gateFor({ gateId, kind, part }: WaitingCall): ChatGate {
    const toolName = getToolName(part);
    const { toolCallId, title, approval } = part;
    const input = (part.input ?? null) as Json;
    const { isEditable, ...given } = this.gateOf({ kind, toolName, toolCallId, input });
    return {
      gateId,
      kind,
      title: (title ?? toolName).slice(0, 1000),
      detail: approval?.requestReason ?? "",
      call: { name: toolName, arguments: input, callId: toolCallId },
      ...(isEditable && kind === "approval" ? { isEditable } : {}),
      ...given,
    };
  }

  /** Ids of the gates that an answer waits for. */
  #waitingGates(messageId = ""): readonly string[] {
    return Object.keys(this.view.gates).filter((gateId) => gateId.startsWith(`${messageId}:`));
  }

  /** The last message as it was stored, if it is an answer. */
  #last(): MessageCreated | null {
    const { head } = this.state.chat;
    const created = head === null ? undefined : this.#at(head)?.payload;
    return created?.message.role === "assistant" ? created : null;
  }

  async #writerOf(streamId: string, abort?: AbortController): Promise<AnswerWriter> {
    const open = () => this.streams.open(streamId, { contentType: "application/json" });
    return new AnswerWriter(await this.#untilStored(open), abort);
  }

  /** Nothing frees the chat for another question but the end of this answer. */
  #untilStored<T>(store: () => T | Promise<T>): Promise<T> {
    return untilStored(store, (thrown) =>
      this.log("warn", "chat", "The answer could not be stored", describeThrown(thrown)),
    );
  }

  #failed(thrown: unknown, signal: AbortSignal): AnswerEnd {
    // Its stream was cancelled, which is another way to want no more of it.
    if (thrown instanceof SessileError ? thrown.code === "not_writable" : signal.aborted)
      return { outcome: "stopped", errorText: null, finish: null };
    this.log("error", "chat", "The answer failed", describeThrown(thrown));
    return { outcome: "failed", errorText: modelError(thrown).message, finish: null };
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
    const { said, hasMore } = readConversation(head, (seq) => this.#at(seq), maxMessages);
    const shown = said.map(({ seq, message }) => ({
      seq,
      message: withOutcomes(message, (gateId) => this.gate(gateId)),
    }));
    return { said: shown, hasMore };
  }

  #at(seq: number): (SessionEvent & { readonly payload: MessageCreated & Json }) | null {
    try {
      const { events } = this.readEvents({ after: seq - 1, limit: 1 });
      const found = events.find((event) => event.seq === seq);
      return (found as SessionEvent<string, MessageCreated & Json> | undefined) ?? null;
    } catch (thrown) {
      // It lies in the archive.
      if (thrown instanceof SessileError && thrown.code === "not_found") return null;
      throw thrown;
    }
  }

  /** Of an answer that goes on in an earlier message, the message so far. */
  #replay(): ChatReplay {
    const { head, active } = this.state.chat;
    const before = active?.messageId === undefined ? undefined : this.#read(head).said.at(-1)?.message;
    return {
      streamId: active?.streamId ?? null,
      chunks: before ? (chunksOf(before) as unknown as readonly Json[]) : [],
    };
  }

  #append(created: MessageCreated): number {
    return this.append("message.created", created as unknown as (ChatEvents & Events)["message.created"]);
  }

  #setChat(chat: ChatState): void {
    this.setState({ ...this.state, chat } as State);
  }
}
