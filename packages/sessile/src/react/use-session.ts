import { useMemo, useSyncExternalStore } from "react";
import {
  type CommandResult,
  type DurableStore,
  type EventOf,
  type SessionAddress,
  type SessionClient,
  type SessionSnapshot,
  systemClock,
  type Transport,
} from "../client/index.ts";
import type { Gate, SessionContract } from "../protocol/index.ts";
import { type MessageOf, type Sendable, sessionSource } from "./session-source.ts";
import { SharedClients } from "./shared-clients.ts";

export interface UseSessionOptions extends SessionAddress {
  /** At most this many of the latest events on the first visit. The first component to ask decides. Default 200. */
  readonly history?: number;
  /** "snapshot": begin with the newest snapshot instead of every event missed. */
  readonly from?: "snapshot";
  /** Make it outside the component: clients are shared by session and transport. Default: a WebSocket. */
  readonly transport?: Transport;
  /** Keeps commands beyond the page. Make it outside the component, as the transport. */
  readonly outbox?: DurableStore;
}

type Actions =
  | "append"
  | "call"
  | "setState"
  | "reset"
  | "setStatus"
  | "setLifecycle"
  | "answerGate"
  | "signal"
  | "refresh";

export interface UseSession<S extends SessionContract>
  extends SessionSnapshot<S>,
    Pick<SessionClient<S>, Actions> {
  /** What to do with `draft`, the one pending message. */
  readonly saveDraft: SessionClient<S>["draft"]["save"];
  readonly cancelDraft: SessionClient<S>["draft"]["cancel"];
  readonly sendDraft: SessionClient<S>["draft"]["send"];
  readonly messages: readonly MessageOf<S>[];
  /** Appends a `message`; a text is sent as `{ text }`. */
  readonly send: (message: Sendable<S>) => Promise<CommandResult>;
  /** Decisions that wait, oldest first. */
  readonly gates: readonly Gate[];
  /** For what the hook leaves out: `onSignal`, `whenLive`, the iterator of events. */
  readonly client: SessionClient<S>;
}

const sharedClients = new SharedClients(systemClock);

/**
 * A session, live, for as long as the component is mounted. Components that name the same session share one connection.
 * The one-line view of a conversation is `const { messages, send } = useSession({ kind: "chat", name })`.
 */
export function useSession<S extends SessionContract>(options: UseSessionOptions): UseSession<S> {
  const { url, kind, name, history, from, transport, outbox } = options;
  const source = useMemo(() => {
    const address = {
      kind,
      name,
      ...(url === undefined ? {} : { url }),
      ...(history === undefined ? {} : { history }),
      ...(from === undefined ? {} : { from }),
      ...(transport === undefined ? {} : { transport }),
      ...(outbox === undefined ? {} : { outbox }),
    };
    return sessionSource<S>(sharedClients.get<S>(address), systemClock);
  }, [url, kind, name, history, from, transport, outbox]);
  const snapshot = useSyncExternalStore(source.subscribe, source.getSnapshot, source.getSnapshot);
  const { client, send } = source;
  const { events, view } = snapshot;
  const messages = useMemo(() => events.filter(isMessage<S>), [events]);
  const waiting = view?.gates;
  const gates = useMemo(() => Object.values(waiting ?? {}), [waiting]);
  const { append, call, setState, reset, setStatus, setLifecycle, answerGate, signal, refresh } = client;
  return {
    ...snapshot,
    messages,
    send,
    gates,
    client,
    append,
    call,
    setState,
    reset,
    setStatus,
    setLifecycle,
    answerGate,
    signal,
    refresh,
    saveDraft: client.draft.save,
    cancelDraft: client.draft.cancel,
    sendDraft: client.draft.send,
  };
}

function isMessage<S>(event: EventOf<S>): event is EventOf<S> & MessageOf<S> {
  return event.type === "message";
}
