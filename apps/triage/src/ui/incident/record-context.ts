import { createContext, useContext } from "react";

/** A record to show, and what in it to point at. */
export interface RecordRef {
  readonly hash: string;
  readonly field?: string;
  readonly excerpt?: string;
}

export const RecordContext = createContext<(record: RecordRef) => void>(() => {});

/** Opens the raw record beside the page. */
export function useOpenRecord(): (record: RecordRef) => void {
  return useContext(RecordContext);
}
