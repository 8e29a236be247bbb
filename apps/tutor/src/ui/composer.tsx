import type { TutorSession } from "@sessions/tutor";
import { type FormEvent, useRef, useState } from "react";
import type { UseSession } from "sessile/react";

type Session = Pick<UseSession<TutorSession>, "append" | "draft" | "saveDraft" | "sendDraft" | "cancelDraft">;

const maxMessageChars = 10_000;

/** Write a message: send it, or keep it as the one draft until it is sent or cancelled. */
export function Composer({ session }: { readonly session: Session }) {
  const [text, setText] = useState("");
  const [error, setError] = useState("");
  const box = useRef<HTMLTextAreaElement>(null);
  const attempt = (run: () => Promise<unknown>, onRefused = (): void => {}): void => {
    setError("");
    run().then(
      () => box.current?.focus(),
      (failure: Error) => {
        setError(failure.message);
        onRefused();
      },
    );
  };
  /** The box is free for the next one at once, and what is refused comes back into it. */
  const handOver = (to: Session["append"] | Session["saveDraft"]): void => {
    const restore = () => setText((next) => (next === "" ? text : `${text}\n${next}`));
    attempt(() => to("message", { role: "user", text }), restore);
    setText("");
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() === "") return;
    handOver(session.append);
  };
  return (
    <form className="card grid gap-3" onSubmit={submit}>
      <label className="grid gap-1">
        Your question
        <textarea
          ref={box}
          className="field"
          rows={3}
          maxLength={maxMessageChars}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <div className="flex flex-wrap gap-2">
        <button type="submit" className="button primary" disabled={text.trim() === ""}>
          Send
        </button>
        <button
          type="button"
          className="button"
          disabled={text.trim() === ""}
          onClick={() => handOver(session.saveDraft)}
        >
          Keep as draft
        </button>
        {session.draft && (
          <>
            <button type="button" className="button" onClick={() => attempt(session.sendDraft)}>
              Send the draft
            </button>
            <button type="button" className="button" onClick={() => attempt(session.cancelDraft)}>
              Cancel the draft
            </button>
          </>
        )}
      </div>
      <p className="quiet text-sm">
        No model answers here. Questions wait for people, or for an assistant that is connected over MCP, at{" "}
        <code>{location.origin}/mcp</code>; the course check answers by itself.
      </p>
      <p role="alert">{error}</p>
    </form>
  );
}
