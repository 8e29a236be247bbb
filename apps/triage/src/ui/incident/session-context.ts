import { createContext, useContext } from "react";
import type { IncidentState, IncidentStatus } from "../../contract/incident.ts";
import type { IncidentHandle, PendingCall } from "./session-handle.ts";

/** One incident's session as the parts of its page use it. */
export interface IncidentContextValue {
  readonly name: string;
  readonly session: IncidentHandle;
  readonly state: IncidentState;
  readonly status: IncidentStatus;
  readonly pendingCalls: readonly PendingCall[];
}

export const IncidentContext = createContext<IncidentContextValue | null>(null);

export function useIncident(): IncidentContextValue {
  const value = useContext(IncidentContext);
  if (!value) throw new Error("useIncident is called outside of an incident's page.");
  return value;
}
