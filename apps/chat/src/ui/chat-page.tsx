import { useEffect, useRef, useState } from "react";
import { type History, type Message, stopAnswer, wordsOf } from "./chat-api.ts";
import { Composer } from "./composer.tsx";
import { MessageItem } from "./message-item.tsx";
import { useDurableChat } from "./use-durable-chat.ts";

export function ChatPage({ id, initial }: { readonly id: string; readonly initial: History }) {
  const chat = useDurableChat(id, initial);
  const { messages, status, error, isLost, activeId } = chat;
  const isBusy = status === "submitted" || status === "streaming";
  const last = messages.at(-1);
  const end = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    const look = () => {
      isAtEnd.current = innerHeight + scrollY >= document.documentElement.scrollHeight - 80;
    };
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new words are the occasion
  useEffect(() => {
    if (isAtEnd.current) end.current?.scrollIntoView({ block: "end" });
  }, [messages]);

  const [stopError, setStopError] = useState("");
  // biome-ignore lint/correctness/useExhaustiveDependencies: it was about one answer, which has its beginning and its end
  useEffect(() => setStopError(""), [isBusy]);
  const stop = (): void => {
    setStopError("");
    const answerId = last?.role === "assistant" ? last.id : null;
    stopAnswer(id, answerId).catch((failure: Error) => setStopError(failure.message));
  };
  const retry = (message: Message) => void chat.regenerate({ messageId: message.id });
  const resend = (message: Message) => void chat.sendMessage({ ...message, messageId: message.id });
  const isUnanswered = !isBusy && !isLost && activeId === null && last?.role === "user";
  return (
    <div className="mx-auto flex min-h-dvh max-w-3xl flex-col px-4">
      <header className="flex items-baseline gap-3 py-4">
        <h1 className="text-lg font-semibold">Chat</h1>
        <p className="quiet text-sm" role="status">
          {isLost ? "Reconnecting …" : isBusy ? "Answering …" : "Ready"}
        </p>
        <a className="button ml-auto" href="/">
          New chat
        </a>
      </header>
      <main className="flex grow flex-col">
        <div role="log" aria-label="Conversation" aria-busy={isBusy}>
          <ol className="grid gap-5">
            {messages.map((message) => (
              <MessageItem
                key={message.id}
                message={message}
                onRetry={isBusy || isLost || message.id !== last?.id ? null : retry}
              />
            ))}
          </ol>
        </div>
        {messages.length === 0 && <p className="quiet">Ask something. The answer outlives this page.</p>}
        {isUnanswered && (
          <p className="mt-4 flex items-baseline gap-3" role="alert">
            <span>{error ? wordsOf(error) : "This has not been answered."}</span>
            <button type="button" className="button" onClick={() => resend(last)}>
              Send again
            </button>
          </p>
        )}
        {stopError !== "" && (
          <p className="mt-4" role="alert">
            {stopError}
          </p>
        )}
        <div ref={end} className="h-4 grow" />
        <Composer
          isBusy={isBusy || isLost}
          canStop={isBusy}
          onSend={(text) => void chat.sendMessage({ text })}
          onStop={stop}
        />
      </main>
    </div>
  );
}
