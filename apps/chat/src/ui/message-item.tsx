import type { Message } from "./chat-api.ts";

const notes: Readonly<Record<string, string>> = {
  stopped: "Stopped.",
  interrupted: "Interrupted: the server went away in the middle of this answer.",
  failed: "This answer failed.",
};

export function MessageItem({
  message,
  onRetry,
}: {
  readonly message: Message;
  /** Null where nothing can be asked anew. */
  readonly onRetry: ((message: Message) => void) | null;
}) {
  const { role, parts, metadata } = message;
  const isOwn = role === "user";
  const note = notes[metadata?.outcome ?? ""];
  return (
    <li className={isOwn ? "own" : "answer"} data-role={role} data-id={message.id}>
      <h2 className="quiet mb-1 text-sm font-medium">{isOwn ? "You" : "Assistant"}</h2>
      <div className="grid gap-2 break-words whitespace-pre-wrap" data-text>
        {parts.map((part, index) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: parts are appended only, and most have no id
          part.type === "text" ? <p key={index}>{part.text}</p> : null,
        )}
      </div>
      {note !== undefined && (
        <p className="note mt-2 flex flex-wrap items-baseline gap-3 text-sm">
          <span>{note}</span>
          {onRetry && (
            <button type="button" className="button" onClick={() => onRetry(message)}>
              Retry
            </button>
          )}
        </p>
      )}
    </li>
  );
}
