import { useMemo, useSyncExternalStore } from "react";
import { GateInbox, type GateInboxOptions, type InboxSnapshot, type SessionClient } from "../client/index.ts";
import type { Gate, SessionContract } from "../protocol/index.ts";

export interface UseGates<S extends SessionContract> {
  /** Those that wait, oldest first. */
  readonly gates: readonly Gate[];
  readonly answer: SessionClient<S>["answerGate"];
}

/** What waits for somebody in one session, live: `const { gates, answer } = useGates(client)`. */
export function useGates<S extends SessionContract>(session: SessionClient<S>): UseGates<S> {
  const waiting = useSyncExternalStore(
    session.subscribe,
    () => session.getSnapshot().view?.gates,
    () => session.getSnapshot().view?.gates,
  );
  const gates = useMemo(() => Object.values(waiting ?? {}), [waiting]);
  return { gates, answer: session.answerGate };
}

export interface UseInbox extends InboxSnapshot {
  readonly refresh: GateInbox["refresh"];
  readonly answer: GateInbox["answer"];
}

export type UseInboxOptions = Pick<GateInboxOptions, "url" | "kind" | "isMine" | "limit" | "everyMs">;

/** What waits for somebody in all sessions one may read, for as long as the component is mounted. */
export function useInbox(options: UseInboxOptions = {}): UseInbox {
  const { url, kind, isMine, limit, everyMs } = options;
  const inbox = useMemo(
    () =>
      new GateInbox({
        ...(url === undefined ? {} : { url }),
        ...(kind === undefined ? {} : { kind }),
        ...(isMine === undefined ? {} : { isMine }),
        ...(limit === undefined ? {} : { limit }),
        ...(everyMs === undefined ? {} : { everyMs }),
      }),
    [url, kind, isMine, limit, everyMs],
  );
  const snapshot = useSyncExternalStore(inbox.subscribe, inbox.getSnapshot, inbox.getSnapshot);
  return useMemo(
    () => ({
      ...snapshot,
      refresh: inbox.refresh,
      answer: (item, answer, more) => inbox.answer(item, answer, more),
    }),
    [inbox, snapshot],
  );
}
