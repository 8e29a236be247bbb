import { useSession } from "@sessions/incident";
import { useMemo } from "react";
import type { PendingCommand } from "sessile/client";

export type IncidentHandle = ReturnType<typeof useSession>;

/** Events on the first visit; older ones are asked for as somebody scrolls to them. */
const history = 1_000;

export function useIncidentSession(name: string): IncidentHandle {
  return useSession(name, { history });
}

export interface PendingCall {
  readonly id: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly queuedAt: number;
}

/** Calls whose effect is not here yet: what the page shows as under way. */
export function usePendingCalls(pending: readonly PendingCommand[]): readonly PendingCall[] {
  return useMemo(
    () =>
      pending.flatMap(({ id, command, queuedAt }) =>
        command.op === "call" ? [{ id, queuedAt, method: command.method, args: command.args ?? [] }] : [],
      ),
    [pending],
  );
}
