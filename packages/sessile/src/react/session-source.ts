import type {
  Appendable,
  Clock,
  CommandResult,
  EventOf,
  SessionClient,
  SessionSnapshot,
} from "../client/index.ts";
import type { Json, SessionContract } from "../protocol/index.ts";
import { coalesce } from "./coalesce.ts";
import type { SharedClient } from "./shared-clients.ts";

/** Events of the type `message`, which is what `send` appends. */
export type MessageOf<S> = Extract<EventOf<S>, { readonly type: "message" }>;
export type MessagePayload<S> = "message" extends keyof Appendable<S> ? Appendable<S>["message"] : never;

/** What `useSession` needs of a session, made once per address. */
export interface SessionSource<S extends SessionContract> {
  readonly client: SessionClient<S>;
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => SessionSnapshot<S>;
  readonly send: (message: string | MessagePayload<S>) => Promise<CommandResult>;
}

/** Keeps the shared client connected while somebody listens. */
export function sessionSource<S extends SessionContract>(
  shared: SharedClient<S>,
  clock: Clock,
): SessionSource<S> {
  const { client } = shared;
  const subscribe = coalesce(client.subscribe, clock);
  return {
    client,
    getSnapshot: client.getSnapshot,
    subscribe: (listener) => {
      const release = shared.hold();
      const stop = subscribe(listener);
      return () => {
        stop();
        release();
      };
    },
    send: (message) => {
      const payload: Json = typeof message === "string" ? { text: message } : message;
      return (client as unknown as SessionClient<SessionContract>).append("message", payload);
    },
  };
}
