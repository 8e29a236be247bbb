import { useCallback, useState } from "react";
import { errorMessage } from "../api/http.ts";
import { useNow } from "../lib/use-now.ts";
import { showToast } from "../parts/toast.ts";
import {
  addOutgoing,
  isStranded,
  type OutgoingNote,
  readOutgoing,
  removeOutgoing,
} from "./outgoing-notes.ts";
import { useIncident } from "./session-context.ts";

/** Sends notes and keeps each in this browser until the session has it. */
export function useOutgoingNotes() {
  const { name, session, state } = useIncident();
  const [stored, setStored] = useState(() => readOutgoing(name));
  const now = useNow();
  const { addNote } = session.call;

  const drop = useCallback(
    (id: string) => {
      removeOutgoing(name, id);
      setStored(readOutgoing(name));
    },
    [name],
  );
  const send = useCallback(
    (text: string) => {
      const note = addOutgoing(name, text);
      setStored(readOutgoing(name));
      addNote(text).then(
        () => drop(note.id),
        (thrown: unknown) => {
          // Kept: it shows below the notes with the choice to send it again.
          showToast(`The note was not saved. ${errorMessage(thrown)}`, "error");
          setStored(readOutgoing(name));
        },
      );
    },
    [name, addNote, drop],
  );
  const resend = useCallback(
    (note: OutgoingNote) => {
      removeOutgoing(name, note.id);
      send(note.text);
    },
    [name, send],
  );

  const hasArrived = (note: OutgoingNote) =>
    state.notes.some(({ text, created }) => text === note.text && created.at >= note.at - 5_000);
  const pendingTexts = new Set(
    session.pending.flatMap(({ command }) =>
      command.op === "call" && command.method === "addNote" ? [command.args?.[0]] : [],
    ),
  );
  const open = stored.filter((note) => !hasArrived(note));
  return {
    send,
    resend,
    drop,
    /** On their way from this page. */
    sending: open.filter((note) => pendingTexts.has(note.text)),
    /** Not known to have arrived, and nobody is sending them. */
    stranded: open.filter((note) => isStranded(note, pendingTexts.has(note.text), now)),
  };
}
