import { useState } from "react";
import { Panel } from "../parts/panel.tsx";
import { NewNote } from "./new-note.tsx";
import { NoteEditor } from "./note-editor.tsx";
import { NoteItem } from "./note-item.tsx";
import { useIncident } from "./session-context.ts";
import { hasDraft } from "./use-draft.ts";
import { useEditing } from "./use-editing.ts";

/** What the analysts write to each other. */
export function NotesPanel() {
  const { name, state } = useIncident();
  const { tell, editorsOf } = useEditing();
  // An edit that a reload interrupted goes on where it was.
  const [editing, setEditing] = useState<ReadonlySet<string>>(
    () => new Set(state.notes.map(({ id }) => id).filter((id) => hasDraft(draftKey(name, id)))),
  );
  const change = (noteId: string, isEditing: boolean) => {
    setEditing((before) => {
      const next = new Set(before);
      if (isEditing) next.add(noteId);
      else next.delete(noteId);
      return next;
    });
    tell(isEditing ? noteId : null);
  };
  const { notes } = state;
  return (
    <Panel id="notes" title="Notes" note={notes.length > 0 ? String(notes.length) : undefined}>
      {notes.length > 0 && (
        <ul>
          {notes.map((note) => (
            <li key={note.id} className="border-line border-b px-4 py-3">
              {editing.has(note.id) ? (
                <NoteEditor
                  note={note}
                  draftKey={draftKey(name, note.id)}
                  onTyping={() => tell(note.id)}
                  onDone={() => change(note.id, false)}
                />
              ) : (
                <NoteItem note={note} editors={editorsOf(note.id)} onEdit={() => change(note.id, true)} />
              )}
            </li>
          ))}
        </ul>
      )}
      <NewNote editors={editorsOf("new")} onTyping={(isTyping) => tell(isTyping ? "new" : null)} />
    </Panel>
  );
}

function draftKey(incident: string, noteId: string): string {
  return `draft.${incident}.${noteId}`;
}
