import type { RefObject } from "react";
import type { IncidentRow } from "../../contract/api.ts";
import { useShortcuts } from "../keyboard/shortcuts.ts";
import { incidentHref, navigate } from "../router/location.ts";

interface QueueKeys {
  readonly items: readonly IncidentRow[];
  readonly active: number;
  readonly setActive: (index: number) => void;
  readonly searchRef: RefObject<HTMLInputElement | null>;
  readonly openFilter: () => void;
  readonly clear: () => void;
  readonly refresh: () => void;
}

export function useQueueKeys(keys: QueueKeys): void {
  const { items, active, setActive, searchRef, openFilter, clear, refresh } = keys;
  const move = (by: number) => () => {
    if (items.length > 0) setActive(Math.min(items.length - 1, Math.max(0, active + by)));
  };
  const openActive = (event: KeyboardEvent) => {
    const row = items[active];
    // A focused button or link has its own meaning of Enter.
    if (!row || (event.target as HTMLElement).closest("a, button")) return false;
    navigate(incidentHref(row.name));
    return true;
  };
  const leave = () => setActive(-1);
  useShortcuts({
    j: move(1),
    k: move(-1),
    ArrowDown: move(1),
    ArrowUp: move(-1),
    Enter: openActive,
    "/": () => searchRef.current?.focus(),
    f: openFilter,
    x: clear,
    r: refresh,
    Escape: leave,
  });
}
