import { type ReactNode, useEffect } from "react";
import { useInbox } from "sessile/react";
import { useApp } from "../shell/app-context.ts";
import { InboxContext } from "./inbox-context.ts";

/** One inbox for the page: what waits in all incidents, followed live. */
export function InboxProvider({ children }: { readonly children: ReactNode }) {
  const { config } = useApp();
  return config.state === "state-3-do" ? <LiveInbox>{children}</LiveInbox> : children;
}

function LiveInbox({ children }: { readonly children: ReactNode }) {
  const { profile } = useApp();
  const inbox = useInbox({ kind: "incident" });
  const { refresh } = inbox;
  // Who one is decides what one may answer.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another profile is the reason to read again
  useEffect(() => void refresh(), [refresh, profile?.id]);
  return <InboxContext value={inbox}>{children}</InboxContext>;
}
