import { SessileError } from "sessile";
import type { Mark, Note } from "../../src/contract/incident.ts";

const maxNoteChars = 20_000;
const maxNotes = 500;

/** @throws SessileError `bad_request`, `limit_exceeded` */
export function addNote(
  notes: readonly Note[],
  text: unknown,
  created: Mark,
): { readonly notes: readonly Note[]; readonly note: Note } {
  if (notes.length >= maxNotes)
    throw new SessileError("limit_exceeded", `An incident has at most ${maxNotes} notes.`, {
      limit: "maxNotes",
    });
  // Notes are never taken away, so their number makes a name.
  const note: Note = { id: `n${notes.length + 1}`, text: noteText(text), version: 1, created, edited: null };
  return { notes: [...notes, note], note };
}

/** @throws SessileError `conflict` with the version there is, `not_found`, `bad_request` */
export function editNote(
  notes: readonly Note[],
  noteId: string,
  version: number,
  text: unknown,
  edited: Mark,
): { readonly notes: readonly Note[]; readonly note: Note } {
  const current = notes.find(({ id }) => id === noteId);
  if (!current) throw new SessileError("not_found", "There is no such note.", { field: "noteId" });
  if (current.version !== version) {
    throw new SessileError(
      "conflict",
      `Somebody else edited this note: it is at version ${current.version}, not ${version}. Compare, and save again.`,
      { field: "version", currentVersion: current.version },
    );
  }
  const note: Note = { ...current, text: noteText(text), version: version + 1, edited };
  return { notes: notes.map((other) => (other.id === noteId ? note : other)), note };
}

function noteText(text: unknown): string {
  if (typeof text !== "string" || text.trim() === "")
    throw new SessileError("bad_request", "A note has text.", { field: "text" });
  if (text.length > maxNoteChars)
    throw new SessileError("limit_exceeded", `A note has at most ${maxNoteChars} characters.`, {
      field: "text",
      limit: "maxNoteChars",
    });
  return text;
}
