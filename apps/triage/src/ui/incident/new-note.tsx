import type { FormEvent, KeyboardEvent } from "react";
import { errorMessage } from "../api/http.ts";
import { Button } from "../parts/button.tsx";
import { fieldClass } from "../parts/field.ts";
import { Foreign } from "../parts/foreign.tsx";
import { showToast } from "../parts/toast.ts";
import { useApp } from "../shell/app-context.ts";
import { EditingHint } from "./editing-hint.tsx";
import { useIncident } from "./session-context.ts";
import { useDraft } from "./use-draft.ts";
import { useOutgoingNotes } from "./use-outgoing-notes.ts";

const maxChars = 20_000;

interface NewNoteProps {
  readonly editors: readonly string[];
  readonly onTyping: (isTyping: boolean) => void;
}

export function NewNote({ editors, onTyping }: NewNoteProps) {
  const { name } = useIncident();
  const { requireProfile } = useApp();
  const { text, change, restore } = useDraft(`draft.${name}.new`);
  const { send, sending, held, outbox } = useOutgoingNotes(restore);

  const sendAgain = (id: string) => {
    if (requireProfile())
      outbox.sendAgain(id).catch((thrown: unknown) => showToast(errorMessage(thrown), "error"));
  };
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (text.trim() === "" || !requireProfile()) return;
    send(text.trim());
    change("");
    onTyping(false);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) submit();
    if (event.key === "Escape") event.currentTarget.blur();
  };

  return (
    <div className="space-y-2 p-3">
      {sending.map((note) => (
        <p key={note.id} className="whitespace-pre-wrap px-1 text-ink-2 text-sm">
          <Foreign text={note.text} max={600} />
          <span className="block text-ink-3 text-xs">Sending…</span>
        </p>
      ))}
      {held.map((note) => (
        <div key={note.id} role="note" className="rounded-md bg-medium-soft px-3 py-2 text-sm">
          <p className="whitespace-pre-wrap">
            <Foreign text={note.text} max={600} />
          </p>
          <p className="mt-1 text-medium text-xs">{note.why}</p>
          <div className="mt-1.5 flex gap-2">
            <Button size="sm" onClick={() => sendAgain(note.id)}>
              Send again
            </Button>
            <Button size="sm" look="quiet" onClick={() => outbox.dismiss(note.id)}>
              Discard
            </Button>
          </div>
        </div>
      ))}
      <form onSubmit={submit}>
        <label htmlFor="new-note" className="sr-only">
          New note
        </label>
        <textarea
          id="new-note"
          rows={text === "" ? 2 : 5}
          maxLength={maxChars}
          placeholder="Write a note…"
          value={text}
          onChange={(event) => {
            change(event.target.value);
            onTyping(event.target.value !== "");
          }}
          onBlur={() => onTyping(false)}
          onKeyDown={onKeyDown}
          className={`${fieldClass} resize-y`}
        />
        <EditingHint names={editors} />
        {text.trim() !== "" && (
          <div className="mt-1.5 flex items-center justify-between gap-2">
            <span className="text-ink-3 text-xs">Kept in this browser until it is saved</span>
            <Button look="primary" size="sm" type="submit" hint="Ctrl ↵">
              Add note
            </Button>
          </div>
        )}
      </form>
    </div>
  );
}
