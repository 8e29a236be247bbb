import { type KeyboardEvent, useEffect, useState } from "react";
import { SessileError } from "sessile/protocol";
import type { Note } from "../../contract/incident.ts";
import { errorMessage } from "../api/http.ts";
import { Button } from "../parts/button.tsx";
import { fieldClass } from "../parts/field.ts";
import { useApp } from "../shell/app-context.ts";
import { NoteConflict } from "./note-conflict.tsx";
import { useIncident } from "./session-context.ts";
import { useDraft } from "./use-draft.ts";
import { useNoteBase } from "./use-note-base.ts";

interface NoteEditorProps {
  readonly note: Note;
  readonly draftKey: string;
  readonly onTyping: () => void;
  readonly onDone: () => void;
}

/** An edit made from one version of a note. If somebody else saves another meanwhile, both are shown and one is made of them. */
export function NoteEditor({ note, draftKey, onTyping, onDone }: NoteEditorProps) {
  const { session, pendingCalls } = useIncident();
  const { requireProfile } = useApp();
  const { base, keep, forget: forgetBase } = useNoteBase(note, draftKey);
  const { text, change, forget: forgetDraft } = useDraft(draftKey, base.text);
  const [isCalling, setCalling] = useState(false);
  const [error, setError] = useState<string | null>(null);
  // Also what an earlier visit to this page gave: it is sent when the network is back.
  const isSaving =
    isCalling || pendingCalls.some(({ method, args }) => method === "editNote" && args[0] === note.id);
  const isSaved = note.version !== base.version && note.text === text;
  const isOutdated = note.version !== base.version && !isSaved && !isSaving;

  const finish = () => {
    forgetDraft();
    forgetBase();
    onDone();
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the note says what is written here
  useEffect(() => {
    if (isSaved) finish();
  }, [isSaved]);
  const save = async (version: number) => {
    if (text.trim() === "" || !requireProfile()) return;
    setCalling(true);
    setError(null);
    try {
      await session.call.editNote(note.id, version, text);
      finish();
    } catch (thrown) {
      setCalling(false);
      // The other version arrives by itself, or is here already; the comparison below shows then.
      const isConflict = thrown instanceof SessileError && thrown.code === "conflict";
      setError(isConflict ? null : errorMessage(thrown));
    }
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") {
      // What was written stays, for Save or Cancel to decide on.
      if (text === base.text) finish();
      else event.currentTarget.blur();
    }
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && !isOutdated) void save(base.version);
  };

  return (
    <div className="space-y-2">
      {isOutdated && (
        <NoteConflict
          note={note}
          mine={text}
          onTakeTheirs={finish}
          onMerge={(merged) => {
            change(merged);
            keep({ version: note.version, text: note.text });
          }}
        />
      )}
      <textarea
        aria-label="Edit note"
        // biome-ignore lint/a11y/noAutofocus: somebody just asked to edit
        autoFocus
        rows={Math.min(14, Math.max(3, text.split("\n").length + 1))}
        maxLength={20_000}
        value={text}
        disabled={isSaving}
        onChange={(event) => {
          change(event.target.value);
          keep(base);
          onTyping();
        }}
        onKeyDown={onKeyDown}
        className={`${fieldClass} resize-y`}
      />
      {error && (
        <p role="alert" className="text-critical text-xs">
          {error}
        </p>
      )}
      {!isOutdated && (
        <div className="flex items-center justify-end gap-2">
          <Button size="sm" look="quiet" onClick={finish} disabled={isSaving}>
            Cancel
          </Button>
          <Button
            size="sm"
            look="primary"
            disabled={isSaving || text.trim() === "" || text === base.text}
            onClick={() => void save(base.version)}
          >
            {isSaving ? "Saving…" : "Save"}
          </Button>
        </div>
      )}
    </div>
  );
}
