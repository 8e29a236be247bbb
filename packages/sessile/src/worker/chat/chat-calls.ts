import type { ChatHistory, ChatReplay, ChatRequest, ChatState } from "../../protocol/chat.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import { answerOf } from "../answer-of.ts";
import { runCommandOf, type SessionVariables } from "../routes/session-routes.ts";
import type { AnswerReader } from "./chat-stream.ts";
import { readAnswer } from "./read-answer.ts";

/** What a client of the AI SDK sends, over either transport. */
export type ChatBody = { readonly [key: string]: Json };

/**
 * Begins an answer; or tells what a person decided about the calls that the last one waits for, and goes on with it.
 *
 * @returns its stream; null if it still waits for others. @throws SessileError
 */
async function sendMessage(
  variables: SessionVariables,
  request: Request,
  sent: ChatBody,
): Promise<string | null> {
  await variables.require("write");
  const { trigger = "submit-message", messageId, message, messages, id: _id, body = null } = sent;
  const last = Array.isArray(messages) ? messages.at(-1) : undefined;
  const posted = message ?? last;
  if (trigger === "submit-message" && isAssistants(posted)) {
    await variables.require("approve");
    const { result } = await runCommandOf(variables, request, {
      op: "call",
      method: "respond",
      args: [posted],
    });
    return answerOf<{ streamId: string | null }>(result, "streamId").streamId;
  }
  const asked = {
    trigger,
    ...(typeof messageId === "string" ? { messageId } : {}),
    ...(trigger === "submit-message" && posted ? { message: posted } : {}),
    body,
  } as ChatRequest;
  const { result } = await runCommandOf(variables, request, { op: "call", method: "send", args: [asked] });
  return answerOf<{ streamId: string }>(result, "streamId").streamId;
}

function isAssistants(message: Json | undefined): message is Json {
  const { role } = (message ?? {}) as { readonly role?: Json };
  return role === "assistant";
}

/** @returns whether there was something to stop */
export async function stopAnswer(
  variables: SessionVariables,
  request: Request,
  streamId: string | null,
): Promise<boolean> {
  await variables.require("write");
  const { result } = await runCommandOf(variables, request, { op: "call", method: "stop", args: [streamId] });
  return answerOf<{ stopped: boolean }>(result, "stopped").stopped;
}

/** The stream of the answer that is being written. */
export async function activeStream({ target, actor, require }: SessionVariables): Promise<string | null> {
  await require("read");
  const view = await target.ask({ op: "view" }, actor);
  // Nothing is written any more: whatever was being written then stays as it is.
  if (view.lifecycle === "terminated") return null;
  return (view.state as { readonly chat?: ChatState } | null)?.chat?.active?.streamId ?? null;
}

export async function readHistory(variables: SessionVariables): Promise<ChatHistory> {
  await variables.require("read");
  return askKind(variables, "/messages");
}

/** The active answer from the first chunk of its message; null if there is none. */
export async function resumeAnswer(variables: SessionVariables): Promise<AnswerReader | null> {
  const active = await activeStream(variables);
  if (active === null) return null;
  const { streamId, chunks } = await askKind<ChatReplay>(variables, "/replay");
  if (streamId === null) return null;
  const answer = await readAnswer(variables, streamId);
  return chunks.length === 0 ? answer : after(chunks, answer);
}

/** What an answer goes on with has said `start` already. */
function after(chunks: readonly Json[], answer: AnswerReader): AnswerReader {
  let said: readonly Json[] | null = chunks;
  let isFirst = true;
  return {
    close: () => answer.close(),
    async next() {
      const now = said;
      said = null;
      if (now) return now;
      const next = await answer.next();
      const shown = isFirst ? next?.slice(1) : next;
      isFirst = false;
      return shown ?? null;
    },
  };
}

/** Asks the kind's own code. */
async function askKind<Answer>({ target, actor }: SessionVariables, path: string): Promise<Answer> {
  const response = await target.forward(new Request(`https://session${path}`), actor);
  if (response.ok) return response.json();
  const problem = (await response.json().catch(() => null)) as { code?: string; detail?: string } | null;
  throw SessileError.fromWire({
    code: (problem?.code ?? "unavailable") as SessileError["code"],
    message: problem?.detail ?? "The chat cannot be read now.",
  });
}

/** What is read of an answer that waits for others: nothing. */
const nothingToRead: AnswerReader = { next: async () => null, close: () => {} };

/** Sends, and reads what comes of it. */
export async function sentAnswer(
  variables: SessionVariables,
  request: Request,
  sent: ChatBody,
): Promise<AnswerReader> {
  const streamId = await sendMessage(variables, request, sent);
  return streamId === null ? nothingToRead : readAnswer(variables, streamId);
}
