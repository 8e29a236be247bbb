import { useCallback } from "react";
import { errorMessage } from "../api/http.ts";
import { showToast } from "../parts/toast.ts";
import { notesIn, type OutgoingNote } from "./outgoing-notes.ts";
import { useIncident } from "./session-context.ts";

export interface HeldNote extends OutgoingNote {
  readonly why: string;
}

/**
 * Notes that the session does not have yet: on their way, or held because they were refused when nobody was here, or because somebody
 * else wrote them. `restore` takes back the text of one that is refused now.
 */
export function useOutgoingNotes(restore: (text: string) => void) {
  const { session } = useIncident();
  const { addNote } = session.call;
  const { outbox } = session.client;
  const send = useCallback(
    (text: string) => {
      addNote(text).catch((thrown: unknown) => {
        showToast(`The note is not saved. ${errorMessage(thrown)}`, "error");
        if (!isLeft(thrown)) restore(text);
      });
    },
    [addNote, restore],
  );
  const held = [...session.kept, ...outbox.others].flatMap(({ error, ...command }): HeldNote[] => {
    const why = error
      ? `This note was refused. ${errorMessage(error)}`
      : "This note waits for the profile that wrote it.";
    return notesIn([command]).map((note) => ({ ...note, why }));
  });
  return { send, sending: notesIn(session.pending), held, outbox };
}

/** Closing a client rejects what it has not sent, which another one then sends. */
function isLeft(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "unavailable";
}
