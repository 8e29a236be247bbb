import { useCallback, useState } from "react";
import { readStored, writeStored } from "../lib/storage.ts";

/** A text kept in this browser until it is acknowledged: a reload or a crash costs no word. */
export function useDraft(key: string, initial = "") {
  const [text, setText] = useState(() => {
    const stored = readStored(key);
    return typeof stored === "string" ? stored : initial;
  });
  const change = useCallback(
    (next: string) => {
      setText(next);
      writeStored(key, next === "" || next === initial ? undefined : next);
    },
    [key, initial],
  );
  const forget = useCallback(() => writeStored(key, undefined), [key]);
  return { text, change, forget };
}

export function hasDraft(key: string): boolean {
  return typeof readStored(key) === "string";
}
