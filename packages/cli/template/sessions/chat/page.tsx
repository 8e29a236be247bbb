import { useSession } from "@sessions/chat";
import { useState } from "react";

export default function Page({ name }: { readonly name: string }) {
  const { state, error, messages, send, call } = useSession(name);
  const [text, setText] = useState("");
  if (state === undefined) return <p>{error?.message ?? "Connecting …"}</p>;
  return (
    <main>
      <title>{state.title}</title>
      <h1>{state.title}</h1>
      <button type="button" onClick={() => void call.rename(`Chat about ${name}`)}>
        Rename
      </button>
      <ul>
        {messages.map(({ seq, payload }) => (
          <li key={seq}>{payload.text}</li>
        ))}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send(text);
          setText("");
        }}
      >
        <input aria-label="Message" value={text} onChange={(event) => setText(event.target.value)} />
        <button type="submit">Send</button>
      </form>
    </main>
  );
}
