import type {
  Actor,
  DeepReadonly,
  Draft,
  EventMap,
  EventsOf,
  GateAnswer,
  Json,
  JsonShape,
  Lifecycle,
  Peer,
  PresenceFrame,
  QuotaStatus,
  SessileError,
  SessionEvent,
  SessionView,
  StateOf,
  SystemEventPayloads,
  SystemEventType,
} from "../protocol/index.ts";
import type { ConnectionPhase } from "./connection-state.ts";
import type { StateUpdate } from "./optimistic-state.ts";
import type { KeptCommand } from "./outbox/kept-command.ts";
import type { CommandResult, PendingCommand } from "./outbox/outbox.ts";

/** Payload by type of what a client may append; a class that declares no events takes any. */
export type Appendable<S> = keyof EventsOf<S> extends never ? EventMap : EventsOf<S>;
export type AppendableType<S> = keyof Appendable<S> & string;

/** Payload as an argument, which may be left out where null is allowed. */
export type PayloadArgument<Payload> = null extends Payload ? [payload?: Payload] : [payload: Payload];

type OwnEvent<S> = {
  [Type in AppendableType<S>]: SessionEvent<Type, Appendable<S>[Type]>;
}[AppendableType<S>];
type SystemEvent = {
  [Type in SystemEventType]: SessionEvent<Type, JsonShape<SystemEventPayloads[Type]>>;
}[SystemEventType];

/** An event of the session: one of its class's or one of the kernel's. `type` tells which and so types the payload. */
export type EventOf<S> = OwnEvent<S> | SystemEvent;

export type Presence = Omit<PresenceFrame, "t">;

/** What the client knows at one moment. Immutable, and the same object until something changes. */
export interface SessionSnapshot<S> {
  readonly connection: ConnectionPhase;
  /** What is confirmed. Undefined until the server's first frame. */
  readonly view: SessionView<DeepReadonly<StateOf<S>>> | undefined;
  /** The same, and over it this client's own writes that are not confirmed yet. */
  readonly state: DeepReadonly<StateOf<S>> | undefined;
  readonly status: string | null | undefined;
  readonly lifecycle: Lifecycle | undefined;
  /** The latest events, at most `maxEvents`, in order, without segments of streams; the iterator `events` of the client has those too. */
  readonly events: readonly EventOf<S>[];
  /** Commands whose effect is not in `events` yet. */
  readonly pending: readonly PendingCommand[];
  /** With an outbox: this actor's commands that were refused when no client was there to be told. Empty without one. */
  readonly kept: readonly KeptCommand[];
  /** Functions given to `setState` that no command was made of yet. */
  readonly unsentUpdates: number;
  /** This client's own states that were refused because others had written (`ifVersion`): the latest 16, newest last. */
  readonly overtaken: readonly PendingCommand[];
  /** This client's own pending message, on whichever device it was saved. */
  readonly draft: Draft | null;
  /** What is left of this client's quota, as last told: after a command that was charged. Null before that. */
  readonly quota: QuotaStatus | null;
  readonly presence: Presence;
  /** Seq at which `view` stands; 0 before the first frame. */
  readonly lastSeq: number;
  readonly peerId: string | null;
  readonly actor: Actor | null;
  /** Why the connection is closed, or the server's last complaint since it was welcomed. */
  readonly error: SessileError | null;
}

/**
 * Replaces the state, if the session's kind lets clients do so, and shows it at once. `ifVersion` refuses a state changed meanwhile.
 *
 * A function makes the next state from the newest one. It is run again whenever others were faster, so that no change is lost, theirs
 * or yours; it must do nothing else. Functions given in a row are one command, which may come after commands given later.
 */
export interface SetState<State> {
  (state: DeepReadonly<State>, options?: { readonly ifVersion?: number }): Promise<CommandResult>;
  (update: StateUpdate<DeepReadonly<State>>): Promise<CommandResult>;
}

/** A signal from another peer; never stored, so one that was missed is gone. */
export interface SignalEvent {
  readonly from: Peer;
  readonly signal: Json;
}

/** A text is a comment; else also changed arguments, a result, or that calls like this one are to be allowed from now on. */
export type AnswerGate = (
  gateId: string,
  answer: string,
  more?: string | Omit<GateAnswer, "answer">,
) => Promise<CommandResult>;
