import type { TutorSession } from "@sessions/tutor";
import type { UseSession } from "sessile/react";

type Session = Pick<UseSession<TutorSession>, "events" | "pending" | "draft">;

/** What was said, what is on its way, and what is not sent yet. */
export function Conversation({ session }: { readonly session: Session }) {
  const waiting = session.pending.flatMap(({ id, command }) =>
    command.op === "append" ? [{ id, text: textOf(command.payload) }] : [],
  );
  return (
    <section className="card" aria-labelledby="conversation">
      <h2 id="conversation" className="mb-3 font-semibold">
        Conversation
      </h2>
      <ol className="grid gap-3">
        {session.events.map((event) => {
          if (event.type === "message")
            return (
              <Line
                key={event.seq}
                who={event.payload.role === "assistant" ? "Tutor" : (event.actor?.name ?? "Guest")}
                text={event.payload.text}
              />
            );
          if (event.type === "transcript")
            return (
              <Line key={event.seq} who={`${event.payload.speaker} (spoken)`} text={event.payload.text} />
            );
          return null;
        })}
        {waiting.map(({ id, text }) => (
          <Line key={id} who="You" text={text} note="Pending" />
        ))}
        {session.draft && <Line who="You" text={textOf(session.draft.payload)} note="Draft, not sent" />}
      </ol>
    </section>
  );
}

function Line({ who, text, note }: { readonly who: string; readonly text: string; readonly note?: string }) {
  return (
    <li>
      <p className="quiet text-sm">
        {who}
        {note !== undefined && <strong> · {note}</strong>}
      </p>
      <p className="break-words whitespace-pre-wrap">{text}</p>
    </li>
  );
}

/** What is not sent yet has been looked at by nobody. */
function textOf(payload: unknown): string {
  const text = (payload as { readonly text?: unknown } | null)?.text;
  return typeof text === "string" ? text : "";
}
