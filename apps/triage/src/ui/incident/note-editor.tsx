import { type KeyboardEvent, useState } from "react";
import { SessileError } from "sessile/protocol";
import type { Note } from "../../contract/incident.ts";
import { errorMessage } from "../api/http.ts";
import { Button } from "../parts/button.tsx";
import { fieldClass } from "../parts/field.ts";
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
  const { session } = useIncident();
  const { base, keep, forget: forgetBase } = useNoteBase(note, draftKey);
  const { text, change, forget: forgetDraft } = useDraft(draftKey, base.text);
  const [isSaving, setSaving] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const isOutdated = note.version !== base.version && !isSaving;

  const forget = () => {
    forgetDraft();
    forgetBase();
  };
  const save = async (version: number) => {
    if (text.trim() === "") return;
    setSaving(true);
    setError(null);
    try {
      await session.call.editNote(note.id, version, text);
      forget();
      onDone();
    } catch (thrown) {
      setSaving(false);
      // The other version arrives by itself, or is here already; the comparison below shows then.
      const isConflict = thrown instanceof SessileError && thrown.code === "conflict";
      setError(isConflict ? null : errorMessage(thrown));
    }
  };
  const cancel = () => {
    forget();
    onDone();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && text === base.text) cancel();
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && !isOutdated) void save(base.version);
  };

  return (
    <div className="space-y-2">
      {isOutdated && (
        <NoteConflict
          note={note}
          mine={text}
          onTakeTheirs={cancel}
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
          <Button size="sm" look="quiet" onClick={cancel} disabled={isSaving}>
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
