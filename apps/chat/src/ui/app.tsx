import { useCallback, useEffect, useState } from "react";
import { type History, readHistory } from "./chat-api.ts";
import { ChatPage } from "./chat-page.tsx";

/** `/chat/{id}`; any other address begins a chat of its own. */
function chatId(): string {
  const [, id] = /^\/chat\/([A-Za-z0-9][A-Za-z0-9._~-]{0,127})$/.exec(location.pathname) ?? [];
  if (id !== undefined) return id;
  const fresh = crypto.randomUUID();
  history.replaceState(null, "", `/chat/${fresh}`);
  return fresh;
}

export function App() {
  const [id] = useState(chatId);
  const [history, setHistory] = useState<History | null>(null);
  const [error, setError] = useState("");
  const read = useCallback((): void => {
    setError("");
    readHistory(id).then(setHistory, (failure: Error) => setError(failure.message));
  }, [id]);
  useEffect(read, [read]);
  if (error !== "")
    return (
      <p className="flex items-baseline gap-3 p-6" role="alert">
        <span>{error}</span>
        <button type="button" className="button" onClick={read}>
          Try again
        </button>
      </p>
    );
  if (!history) return <p className="quiet p-6">Loading …</p>;
  return <ChatPage id={id} initial={history} />;
}
