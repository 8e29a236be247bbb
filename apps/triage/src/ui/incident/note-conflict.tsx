import type { Note } from "../../contract/incident.ts";
import { cx } from "../lib/class-names.ts";
import { Button } from "../parts/button.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { RelativeTime } from "../parts/time.tsx";
import { type DiffLine, lineDiff } from "./line-diff.ts";

interface NoteConflictProps {
  /** The note as somebody else saved it. */
  readonly note: Note;
  readonly mine: string;
  readonly onTakeTheirs: () => void;
  /** The text to go on with, made from theirs. */
  readonly onMerge: (text: string) => void;
}

const looks: Readonly<Record<DiffLine["side"], string>> = {
  both: "text-ink-2",
  theirs: "bg-medium-soft text-ink",
  mine: "bg-accent-soft text-ink",
};
const signs: Readonly<Record<DiffLine["side"], string>> = { both: "", theirs: "theirs", mine: "mine" };

/** Two versions of one note, line by line, and the ways on. Nothing is overwritten without somebody saying so. */
export function NoteConflict({ note, mine, onTakeTheirs, onMerge }: NoteConflictProps) {
  const lines = lineDiff(note.text, mine);
  const by = note.edited?.by ?? note.created.by ?? "Somebody";
  return (
    <section aria-label="Conflicting edit" className="rounded-md border border-medium text-sm">
      <p role="alert" className="bg-medium-soft px-3 py-2 text-medium">
        <Foreign text={by} max={80} /> saved version {note.version} while you were writing
        {note.edited && (
          <>
            {" "}
            (<RelativeTime at={note.edited.at} />)
          </>
        )}
        . Yours is not saved yet.
      </p>
      <ul aria-label="Theirs and mine" className="max-h-56 overflow-y-auto py-1 text-xs">
        {lines.map(({ side, text }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: equal lines occur, and the order is all they have
          <li key={index} className={cx("flex gap-2 px-3 py-px", looks[side])}>
            <span className="w-10 shrink-0 text-ink-3">{signs[side]}</span>
            <span className="min-w-0 whitespace-pre-wrap">
              {text === "" ? " " : <Foreign text={text} max={2_000} />}
            </span>
          </li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-1.5 border-line border-t px-3 py-2">
        <Button size="sm" onClick={onTakeTheirs}>
          Take theirs
        </Button>
        <Button size="sm" onClick={() => onMerge(mine)}>
          Go on with mine
        </Button>
        <Button size="sm" onClick={() => onMerge(lines.map(({ text }) => text).join("\n"))}>
          Keep both
        </Button>
      </div>
    </section>
  );
}
