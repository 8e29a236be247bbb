import { readSocket } from "../durable-streams/socket-reader.ts";
import { type ChatHistory, type ChatRequest, type ChatState, endsAnswer } from "../protocol/chat.ts";
import { SessileError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import type { AnswerReader } from "./chat-stream.ts";
import { runCommandOf, type SessionVariables } from "./session-routes.ts";
import { streamSocket } from "./stream-routes.ts";

/** What a client of the AI SDK sends, over either transport. */
export type ChatBody = { readonly [key: string]: Json };

/** Begins an answer. @returns its stream. @throws SessileError */
export async function sendMessage(
  variables: SessionVariables,
  request: Request,
  sent: ChatBody,
): Promise<string> {
  await variables.require("write");
  const { trigger = "submit-message", messageId, message, messages, id: _id, body = null } = sent;
  const last = Array.isArray(messages) ? messages.at(-1) : undefined;
  const asked = {
    trigger,
    ...(typeof messageId === "string" ? { messageId } : {}),
    ...(trigger === "submit-message" && (message ?? last) ? { message: message ?? last } : {}),
    body,
  } as ChatRequest;
  const { result } = await runCommandOf(variables, request, { op: "call", method: "send", args: [asked] });
  return (result as { readonly streamId: string }).streamId;
}

/** @returns whether there was something to stop */
export async function stopAnswer(
  variables: SessionVariables,
  request: Request,
  streamId: string | null,
): Promise<boolean> {
  await variables.require("write");
  const { result } = await runCommandOf(variables, request, { op: "call", method: "stop", args: [streamId] });
  return (result as { readonly stopped: boolean }).stopped;
}

/** The stream of the answer that is being written. */
export async function activeStream({ target, actor, require }: SessionVariables): Promise<string | null> {
  await require("read");
  const view = await target.ask({ op: "view" }, actor);
  // Nothing is written any more: whatever was being written then stays as it is.
  if (view.lifecycle === "terminated") return null;
  return (view.state as { readonly chat?: ChatState } | null)?.chat?.active?.streamId ?? null;
}

export async function readHistory({ target, actor, require }: SessionVariables): Promise<ChatHistory> {
  await require("read");
  const response = await target.forward(new Request("https://session/messages"), actor);
  if (response.ok) return response.json();
  const problem = (await response.json().catch(() => null)) as { code?: string; detail?: string } | null;
  throw SessileError.fromWire({
    code: (problem?.code ?? "unavailable") as SessileError["code"],
    message: problem?.detail ?? "The chat cannot be read now.",
  });
}

/** An answer from its beginning. */
export async function readAnswer(
  { target, actor }: SessionVariables,
  streamId: string,
): Promise<AnswerReader> {
  const { webSocket } = await streamSocket(target, actor, streamId);
  if (!webSocket) throw new SessileError("unavailable", "The session did not open a stream.");
  const reader = readSocket(webSocket, 0);
  let isWhole = false;
  return {
    close: () => reader.close(),
    async next() {
      const update = await reader.next().catch((thrown: unknown) => {
        // A failed answer tells so in its own words; what comes after them is the end of the stream.
        if (isWhole) return null;
        throw thrown;
      });
      if (update && "chunks" in update) {
        isWhole ||= update.chunks.some(endsAnswer);
        return update.chunks;
      }
      if (isWhole) return null;
      throw new SessileError("unavailable", "The answer was cut off.", { retryAfterMs: 1000 });
    },
  };
}
