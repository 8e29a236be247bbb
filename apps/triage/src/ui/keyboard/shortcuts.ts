import { useEffect, useLayoutEffect, useRef } from "react";

/** By key, or by two keys one after the other: `"j"`, `"Enter"`, `"g q"`. Return false to leave the key to the browser. */
export type Shortcuts = Readonly<Record<string, (event: KeyboardEvent) => unknown>>;

const sequenceWithinMs = 900;
/** One that fades away was left already, and swallows no key. */
const open = ":not([data-state=closed])";

/** Keys typed into a field, or while a dialog or menu is open, belong to it. */
function isForPage(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing || event.metaKey || event.ctrlKey || event.altKey)
    return false;
  const target = event.target;
  if (target instanceof HTMLElement) {
    if (target.isContentEditable || target.matches("input:not([type=checkbox]), textarea, select"))
      return false;
    if (target.closest(`:is([role=dialog], [role=menu], [role=alertdialog])${open}`)) return false;
  }
  return document.querySelector(`:is([role=dialog][data-modal], [role=menu])${open}`) === null;
}

/** Listens on the whole page while the component is mounted. */
export function useShortcuts(shortcuts: Shortcuts, isActive = true): void {
  const latest = useRef(shortcuts);
  // Before the next key, which may come faster than an ordinary effect.
  useLayoutEffect(() => {
    latest.current = shortcuts;
  });

  useEffect(() => {
    if (!isActive) return;
    let first: { readonly key: string; readonly at: number } | null = null;
    const onKey = (event: KeyboardEvent) => {
      if (event.repeat && !event.key.startsWith("Arrow") && event.key !== "j" && event.key !== "k") return;
      if (!isForPage(event)) return;
      const sequence =
        first && event.timeStamp - first.at < sequenceWithinMs ? `${first.key} ${event.key}` : "";
      const run = latest.current[sequence] ?? latest.current[event.key];
      first = { key: event.key, at: event.timeStamp };
      if (run && run(event) !== false) event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [isActive]);
}
