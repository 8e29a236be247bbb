import { useCallback, useState } from "react";
import type { Note } from "../../contract/incident.ts";
import { readStored, writeStored } from "../lib/storage.ts";
import { hasDraft } from "./use-draft.ts";

/** The version of a note that an edit was made from. */
export interface NoteBase {
  readonly version: number;
  readonly text: string;
}

/**
 * Kept beside the draft: an edit taken up again after a reload must still be compared with what it was made from, or it would
 * overwrite what somebody else saved in between.
 */
export function useNoteBase(note: Note, draftKey: string) {
  const key = `${draftKey}.base`;
  const [base, setBase] = useState<NoteBase>(() => {
    const stored = readStored(key);
    return hasDraft(draftKey) && isBase(stored) ? stored : { version: note.version, text: note.text };
  });
  const keep = useCallback(
    (next: NoteBase) => {
      setBase(next);
      writeStored(key, next);
    },
    [key],
  );
  const forget = useCallback(() => writeStored(key, undefined), [key]);
  return { base, keep, forget };
}

function isBase(value: unknown): value is NoteBase {
  if (typeof value !== "object" || value === null) return false;
  const { version, text } = value as Partial<Record<keyof NoteBase, unknown>>;
  return typeof version === "number" && typeof text === "string";
}
