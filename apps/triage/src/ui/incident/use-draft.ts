import { useCallback, useRef, useState } from "react";
import { readStored, writeStored } from "../lib/storage.ts";

/** A text kept in this browser until it is acknowledged: a reload or a crash costs no word. */
export function useDraft(key: string, initial = "") {
  const [text, setText] = useState(() => {
    const stored = readStored(key);
    return typeof stored === "string" ? stored : initial;
  });
  const latest = useRef(text);
  const change = useCallback(
    (next: string) => {
      latest.current = next;
      setText(next);
      writeStored(key, next === "" || next === initial ? undefined : next);
    },
    [key, initial],
  );
  /** Puts a text back that was given away, before what was written meanwhile. */
  const restore = useCallback(
    (lost: string) => change(latest.current === "" ? lost : `${lost}\n\n${latest.current}`),
    [change],
  );
  const forget = useCallback(() => writeStored(key, undefined), [key]);
  return { text, change, restore, forget };
}

export function hasDraft(key: string): boolean {
  return typeof readStored(key) === "string";
}
