import type { Appendable, Clock, CommandResult, SessionClient, SessionSnapshot } from "../client/index.ts";
import type { Json, SessionContract, SessionEvent } from "../protocol/index.ts";
import { coalesce } from "./coalesce.ts";
import type { SharedClient } from "./shared-clients.ts";

export type MessagePayload<S> = "message" extends keyof Appendable<S> ? Appendable<S>["message"] : never;
/** Events of the type `message`, which is what `send` appends; a class that declares no events may have any. */
export type MessageOf<S> = "message" extends keyof Appendable<S>
  ? SessionEvent<"message", MessagePayload<S>>
  : never;
/** What `send` takes. A text stands for `{ text }`, where that is a message. */
export type Sendable<S> =
  | Exclude<MessagePayload<S>, string>
  | ({ text: string } extends MessagePayload<S> ? string : never);

/** What `useSession` needs of a session, made once per address. */
export interface SessionSource<S extends SessionContract> {
  readonly client: SessionClient<S>;
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => SessionSnapshot<S>;
  readonly send: (message: Sendable<S>) => Promise<CommandResult>;
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
