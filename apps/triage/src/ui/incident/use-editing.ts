import { useCallback, useEffect, useRef, useState } from "react";
import { useIncident } from "./session-context.ts";

const repeatMs = 4_000;
/** Signals are not stored: a peer that fell silent is taken off. */
const forgetMs = 9_000;

interface Editor {
  readonly name: string;
  readonly noteId: string;
  readonly until: number;
}

/** Who is writing which note, told by signals between open pages; `new` is a note that does not exist yet. */
export function useEditing() {
  const { session } = useIncident();
  const { client, signal } = session;
  const [editors, setEditors] = useState<ReadonlyMap<string, Editor>>(new Map());
  const lastSent = useRef({ noteId: "", at: 0 });

  useEffect(() => {
    const stop = client.onSignal(({ from, signal: received }) => {
      if (typeof received !== "object" || received === null || !("editing" in received)) return;
      const noteId = received.editing;
      setEditors((before) => {
        const next = new Map(before);
        if (typeof noteId !== "string") next.delete(from.peerId);
        else {
          const name = from.actor?.name ?? from.actor?.id ?? "Somebody";
          next.set(from.peerId, { name, noteId, until: Date.now() + forgetMs });
        }
        return next;
      });
    });
    const timer = setInterval(() => {
      setEditors((before) => {
        const living = [...before].filter(([, { until }]) => until > Date.now());
        return living.length === before.size ? before : new Map(living);
      });
    }, 2_000);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [client]);

  const tell = useCallback(
    (noteId: string | null) => {
      const { current } = lastSent;
      const isRepeat = current.noteId === (noteId ?? "") && Date.now() - current.at < repeatMs;
      if (isRepeat) return;
      lastSent.current = { noteId: noteId ?? "", at: Date.now() };
      signal({ editing: noteId });
    },
    [signal],
  );

  const { peers, count } = session.presence;
  // In a crowd not everybody is listed; otherwise who left is not writing.
  const present = count > peers.length ? null : new Set(peers.map(({ peerId }) => peerId));
  const editorsOf = (noteId: string): readonly string[] => {
    const here = [...editors].filter(([peerId]) => present?.has(peerId) ?? true);
    return [...new Set(here.flatMap(([, editor]) => (editor.noteId === noteId ? [editor.name] : [])))];
  };
  return { tell, editorsOf };
}
