import { createContext, useContext } from "react";
import type { UseInbox } from "sessile/react";

/** Null: without sessions nothing waits for anybody. */
export const InboxContext = createContext<UseInbox | null>(null);

export function useIncidentInbox(): UseInbox | null {
  return useContext(InboxContext);
}
