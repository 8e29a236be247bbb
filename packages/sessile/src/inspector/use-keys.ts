import { type RefObject, useEffect, useRef } from "react";

export interface Keys {
  readonly move: (by: number) => void;
  readonly open: () => void;
  readonly follow: () => void;
  readonly find: () => void;
  /** What Escape goes back to. */
  readonly list: RefObject<HTMLElement | null>;
}

/** Keys of the whole page, wherever nothing is typed. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const heard = (event: KeyboardEvent) => {
      const { list } = latest.current;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape") return list.current?.focus();
      const target = event.target as HTMLElement;
      if (target.matches("input, textarea")) return;
      const run = actionOf(event.key, target === list.current, latest.current);
      if (!run) return;
      event.preventDefault();
      run();
    };
    document.addEventListener("keydown", heard);
    return () => document.removeEventListener("keydown", heard);
  }, []);
}

function actionOf(key: string, isInList: boolean, { move, open, follow, find }: Keys): (() => void) | null {
  switch (key) {
    case "j":
      return () => move(1);
    case "k":
      return () => move(-1);
    case "f":
      return follow;
    case "/":
      return find;
  }
  // Elsewhere these have a meaning of their own.
  if (!isInList) return null;
  switch (key) {
    case "ArrowDown":
      return () => move(1);
    case "ArrowUp":
      return () => move(-1);
    case "Home":
      return follow;
    case "Enter":
      return open;
    default:
      return null;
  }
}
