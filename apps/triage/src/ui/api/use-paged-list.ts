import { useState, useSyncExternalStore } from "react";
import type { PagedList, PagedSnapshot } from "./paged-list.ts";

/** The list's rows; those of the list before stay until the first page of this one is there. */
export function usePagedList<Item>(
  list: PagedList<Item>,
): PagedSnapshot<Item> & { readonly isStale: boolean } {
  const snapshot = useSyncExternalStore(list.subscribe, list.getSnapshot);
  const [kept, setKept] = useState(snapshot);
  if (snapshot.total !== null && kept !== snapshot) setKept(snapshot);
  const isStale = snapshot.total === null && kept.total !== null && snapshot.error === null;
  return { ...(isStale ? { ...kept, isLoading: true } : snapshot), isStale };
}
