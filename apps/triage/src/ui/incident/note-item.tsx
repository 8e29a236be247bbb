import { useState } from "react";
import type { Note } from "../../contract/incident.ts";
import { IconButton } from "../parts/button.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { RelativeTime } from "../parts/time.tsx";
import { Avatar } from "../profile/avatar.tsx";
import { useApp } from "../shell/app-context.ts";
import { EditingHint } from "./editing-hint.tsx";

const shownChars = 1_200;

interface NoteItemProps {
  readonly note: Note;
  readonly editors: readonly string[];
  readonly onEdit: () => void;
}

export function NoteItem({ note, editors, onEdit }: NoteItemProps) {
  const { requireProfile } = useApp();
  const [isWhole, setWhole] = useState(false);
  const by = note.created.by ?? "Somebody";
  const isLong = note.text.length > shownChars;
  return (
    <article aria-label={`Note by ${by}`}>
      <header className="flex items-center gap-2 text-xs">
        <Avatar name={by} size="sm" />
        <span className="truncate font-medium text-sm">
          <Foreign text={by} max={80} />
        </span>
        <span className="text-ink-3">
          <RelativeTime at={note.created.at} />
        </span>
        <IconButton
          icon="edit"
          label={`Edit the note by ${by}`}
          onClick={() => requireProfile() && onEdit()}
          className="-my-1 -mr-2 ml-auto size-7"
        />
      </header>
      <p className="mt-1 whitespace-pre-wrap text-sm">
        <Foreign text={note.text} max={isWhole ? note.text.length : shownChars} />
      </p>
      {isLong && (
        <button
          type="button"
          onClick={() => setWhole(!isWhole)}
          className="text-accent text-xs hover:underline"
        >
          {isWhole ? "Show less" : "Show all"}
        </button>
      )}
      {note.edited && (
        <p className="mt-1 text-ink-3 text-xs">
          Edited by <Foreign text={note.edited.by ?? "somebody"} max={80} /> ·{" "}
          <RelativeTime at={note.edited.at} /> · version {note.version}
        </p>
      )}
      <EditingHint names={editors} />
    </article>
  );
}
