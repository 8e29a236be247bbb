import { useSession } from "@sessions/incident";
import { useEffect, useMemo } from "react";
import { indexedDbOutbox, type PendingCommand } from "sessile/client";
import { errorMessage } from "../api/http.ts";
import { showToast } from "../parts/toast.ts";
import { notesIn } from "./outgoing-notes.ts";

export type IncidentHandle = ReturnType<typeof useSession>;

/** Events on the first visit; older ones are asked for as somebody scrolls to them. */
const history = 1_000;

/** What is written and decided here is sent, also after the tab was closed in the middle of it. */
const outbox = indexedDbOutbox();

export function useIncidentSession(name: string): IncidentHandle {
  const session = useSession(name, { history, outbox });
  const { kept, client } = session;
  useEffect(() => {
    // Refused when nobody was here to be told. Notes stay on the page, because somebody wrote them.
    for (const { id, error } of kept.filter((command) => notesIn([command]).length === 0)) {
      showToast(`Something done here earlier did not work. ${errorMessage(error)}`, "error");
      client.outbox.dismiss(id);
    }
  }, [kept, client]);
  return session;
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
