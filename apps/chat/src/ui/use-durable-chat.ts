import { useChat } from "@ai-sdk/react";
import { useSession } from "@sessions/chat";
import { DefaultChatTransport } from "ai";
import { useEffect, useRef } from "react";
import { shared } from "sessile/client";
import { api, type History, isDisconnect, type Message, readHistory } from "./chat-api.ts";

const retryMs = 1000;

/** Only the newest message goes to the server: it has the others, and believes nobody else's. */
const transport = new DefaultChatTransport<Message>({
  api,
  prepareSendMessagesRequest: ({ id, messages, trigger, messageId, body }) => ({
    body: { ...body, id, trigger, messageId, message: messages.at(-1) },
  }),
});

/** The session is only listened to, so the tabs of a chat need one connection. */
const news = shared();

/**
 * `useChat` as it is, resumed when its connection broke and kept in step with what others do in the same chat: the session says
 * when an answer begins or a message is there.
 */
export function useDurableChat(id: string, initial: History) {
  const chat = useChat<Message>({ id, messages: initial.messages, resume: true, transport });
  const session = useSession(id, { transport: news });
  const { status, error, messages, resumeStream, setMessages } = chat;
  const isLost = status === "error" && isDisconnect(error);
  const wasLost = useRef(false);
  // Nothing is on its way, be it that a question was refused or its answer failed.
  const isIdle = status === "ready" || (status === "error" && !isLost);
  const latest = useRef({ messages, isIdle });
  latest.current = { messages, isIdle };

  const sync = useRef(async () => {});
  sync.current = async () => {
    const history = await readHistory(id);
    // A question asked meanwhile brings its own news.
    if (!latest.current.isIdle) return;
    setMessages(joined(history.messages, latest.current.messages));
    if (history.activeStreamId !== null) await resumeStream();
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: each failed attempt is another error, and so another wait
  useEffect(() => {
    if (!isLost) return;
    wasLost.current = true;
    const again = () => void resumeStream();
    const timer = setTimeout(again, retryMs);
    addEventListener("online", again);
    return () => {
      clearTimeout(timer);
      removeEventListener("online", again);
    };
  }, [isLost, error, resumeStream]);

  // What happened while the connection was lost: an answer may have ended, or a question never arrived.
  useEffect(() => {
    if (status !== "ready" || !wasLost.current) return;
    wasLost.current = false;
    sync.current().catch(() => {});
  }, [status]);

  const { head = null, active = null } = session.state?.chat ?? {};
  const activeId = active?.streamId ?? null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the session is the occasion
  useEffect(() => {
    if (!isIdle) return;
    // The end of one's own answer is heard of twice; there is nothing new in it.
    if (activeId !== null && latest.current.messages.at(-1)?.id === activeId) return;
    sync.current().catch(() => {});
  }, [head, activeId]);

  return { ...chat, messages: useSteady(messages, status !== "ready"), isLost, activeId };
}

/** A replay begins with an empty message. What was read already stays in sight until it is there again. */
function useSteady(messages: readonly Message[], mayReplay: boolean): readonly Message[] {
  const shown = useRef<Message | undefined>(undefined);
  const last = messages.at(-1);
  const known = shown.current;
  const isBehind =
    mayReplay && last !== undefined && known?.id === last.id && textOf(last).length < textOf(known).length;
  if (!isBehind) shown.current = last;
  return isBehind ? [...messages.slice(0, -1), known] : messages;
}

function textOf({ parts }: Message): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

/** The server's messages, and at the end one's own that has not arrived there. */
function joined(stored: readonly Message[], shown: readonly Message[]): Message[] {
  const last = shown.at(-1);
  const isUnsent = last?.role === "user" && !stored.some(({ id }) => id === last.id);
  return isUnsent ? [...stored, last] : [...stored];
}
