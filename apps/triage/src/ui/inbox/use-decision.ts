import { useCallback, useEffect, useState } from "react";
import type { InboxItem } from "sessile/client";
import { useCommand } from "../incident/use-commands.ts";
import { postpone, takePostponed } from "../profile/postponed-call.ts";
import { useApp } from "../shell/app-context.ts";
import { useIncidentInbox } from "./inbox-context.ts";

export type InboxAnswer = "approve" | "reject";

/** Decides in somebody's name. Asked for by nobody, it is done once they have said who they are. */
export function useDecision(item: InboxItem) {
  const { profile } = useApp();
  const inbox = useIncidentInbox();
  const command = useCommand();
  const [pending, setPending] = useState<InboxAnswer | null>(null);
  const place = `${item.name} ${item.gate.gateId}`;

  const decide = useCallback(
    async (answer: InboxAnswer) => {
      if (pending !== null || !inbox) return;
      const what = answer === "approve" ? "Approving" : "Rejecting";
      if (!profile) postpone({ place, what, method: answer, args: [] });
      setPending(answer);
      const done = await command(what, () => inbox.answer(item, answer));
      // One that was answered goes with the next reading; it must not be offered until then.
      if (!done) setPending(null);
    },
    [pending, inbox, profile, place, item, command],
  );

  useEffect(() => {
    const postponed = profile && inbox && takePostponed(place);
    if (postponed) void decide(postponed.method as InboxAnswer);
  }, [profile, inbox, place, decide]);

  return { pending, decide };
}
