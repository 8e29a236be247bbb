import { callProxy } from "../protocol/call-proxy.ts";
import {
  assertJson,
  assertUserEventType,
  type CallsOf,
  type Command,
  type Commit,
  type Json,
  type Lifecycle,
  type SessileError,
  type SessionContract,
  StateMismatch,
  type StateOf,
  type SummaryStyle,
  unreachable,
} from "../protocol/index.ts";
import {
  defaultHistory,
  defaultMaxEvents,
  defaultMaxQueued,
  environmentOf,
  randomProducer,
  type SessionClientOptions,
  socketUrlOf,
} from "./client-options.ts";
import { closeError } from "./close-error.ts";
import { Connection } from "./connection.ts";
import type { CloseReason, ConnectionPhase, SessionEffect } from "./connection-state.ts";
import { type DraftActions, draftActions } from "./draft-actions.ts";
import { type Clock, systemClock, type TransportName } from "./environment.ts";
import { EventFeed, type SessionEvents } from "./event-feed.ts";
import { Listeners } from "./listeners.ts";
import { LiveWaiters } from "./live-waiters.ts";
import { type openStream, type StreamReading, streamReader } from "./open-stream.ts";
import { OptimisticState, type StateUpdate } from "./optimistic-state.ts";
import { ClientOutbox, type ClientOutboxOptions } from "./outbox/client-outbox.ts";
import type { CommandResult, Outbox } from "./outbox/outbox.ts";
import { SessionParts } from "./parts.ts";
import { SessionStore } from "./session-store.ts";
import type {
  AnswerGate,
  Appendable,
  AppendableType,
  EventOf,
  PayloadArgument,
  SessionSnapshot,
  SetState,
  SignalEvent,
} from "./session-types.ts";
import { signalFrame } from "./signal-frame.ts";
import { HttpClient, type RequestedSummary } from "./transports/http-client.ts";
import { SessionVoice } from "./voice.ts";

/** Opens a session. It connects at once and stays connected, through any failure but a refusal, until `close()`. */
export function connect<S extends SessionContract>(options: SessionClientOptions): SessionClient<S> {
  const client = new SessionClient<S>(options);
  client.start();
  return client;
}

/**
 * One session as one client sees it. Commands may be given at any time; they wait while the client is away and are applied
 * exactly once, in order. Each returns a promise of its answer; a refusal rejects with a `SessileError`.
 */
export class SessionClient<S extends SessionContract> {
  readonly kind: string;
  readonly name: string;
  /** The session's callable methods. */
  readonly call: CallsOf<S>;
  readonly events: SessionEvents<S>;
  readonly draft: DraftActions<S>;
  /** Commands that outlive their client, if it was given an `outbox`. */
  readonly outbox: ClientOutbox;
  /** What is too large for an event. */
  readonly parts: SessionParts;
  /** Every chunk of one of its streams, live: `for await (const chunk of client.stream("answer-1"))`. */
  readonly stream: (streamId: string, options?: StreamReading) => ReturnType<typeof openStream>;
  /** Talking in the session. */
  readonly voice: SessionVoice;
  /** Says when a command was given, which is shown. */
  readonly #clock: Clock;
  readonly #connection: Connection;
  readonly #requests: HttpClient<S>;
  readonly #outbox: Outbox;
  readonly #store: SessionStore<S>;
  readonly #optimistic: OptimisticState;
  readonly #feed: EventFeed<S>;
  readonly #listeners = new Listeners<undefined>();
  readonly #waiters = new LiveWaiters();
  readonly #signals = new Listeners<SignalEvent>();
  #phase: ConnectionPhase = "idle";
  #isDirty = false;
  #isFlushDue = false;

  constructor(options: SessionClientOptions) {
    const url = socketUrlOf(options);
    const environment = environmentOf(options, url);
    const { kind, name, history = defaultHistory, events = true } = options;
    this.kind = kind;
    this.name = name;
    this.#clock = options.clock ?? systemClock;
    this.#store = new SessionStore(kind, name, options.maxEvents ?? defaultMaxEvents);
    this.#feed = new EventFeed(this.#store);
    this.events = this.#feed;
    this.call = callProxy<S>(
      async (method, args) => (await this.#enqueue(() => ({ op: "call", method, args }))).result,
    );
    this.draft = draftActions<S>(
      (make) => this.#enqueue(make),
      () => this.#store.draft,
      () => `draft-${randomProducer(environment.random)}`,
    );
    this.parts = new SessionParts(options);
    this.stream = streamReader(url, environment.WebSocket);
    this.#requests = new HttpClient<S>(options);
    const outboxOptions: ClientOutboxOptions = {
      producer: options.producer ?? randomProducer(environment.random),
      epoch: options.epoch ?? 0,
      maxQueued: options.maxQueued ?? defaultMaxQueued,
      client: options,
      clock: environment.clock,
      enqueue: (make) => this.#enqueue(make),
      leave: () => this.#scheduleFlush(),
      changed: () => this.#queued(),
      abandon: (error) => this.#optimistic.fail(error, false),
    };
    this.outbox = options.outbox?.keep(outboxOptions) ?? new ClientOutbox(outboxOptions);
    this.#outbox = this.outbox.queue;
    this.#optimistic = new OptimisticState({
      view: () => this.#store.view,
      outbox: this.#outbox,
      now: () => this.#clock.now(),
      isLive: () => this.#phase === "live",
      followsEvents: events,
      overtaken: () => this.#connection.hurry(),
      queued: () => this.#queued(),
      maxWaiting: options.maxQueued ?? defaultMaxQueued,
    });
    const onEffect = (effect: SessionEffect) => this.#onEffect(effect);
    this.#connection = new Connection({
      url,
      history,
      events,
      fromSnapshot: options.from === "snapshot",
      transport: options.transport ?? null,
      environment,
      onEffect,
      onBinary: (data) => this.voice.heard(data),
      onSettled: () => this.#onSettled(),
    });
    this.voice = new SessionVoice({
      isAttached: () => this.#connection.isAttached,
      transport: () => (this.#connection.isShared ? "shared" : this.transport),
      send: (data) => this.#connection.send(data),
      clock: environment.clock,
      closed: () => this.#closed,
    });
  }

  /** Connects; also again after the client was closed. Bound, as is every method, so that it may be passed on alone. */
  readonly start = (): void => {
    this.#feed.reopen();
    this.outbox.start();
    this.#connection.start();
  };

  /** Disconnects for good. Commands still unanswered are rejected; they may or may not have been applied. */
  readonly close = (): void => this.#connection.stop();

  /** What the client talks through now. Signals and presence are there on "websocket" only. */
  get transport(): TransportName {
    return this.#connection.via;
  }

  /** Asks for what is new now instead of at the next poll or retry. Resolves once it is here; rejects as `whenLive` does. */
  readonly refresh = async (): Promise<void> => {
    await this.#connection.refresh();
    await this.whenLive();
  };

  readonly append = <Type extends AppendableType<S>>(
    type: Type,
    ...[payload]: PayloadArgument<Appendable<S>[Type]>
  ): Promise<CommandResult> =>
    this.#enqueue(() => {
      assertUserEventType(type);
      return { op: "append", type, ...(payload === undefined ? {} : { payload: payload as Json }) };
    });

  readonly setState: SetState<StateOf<S>> = (
    state: unknown,
    options: { readonly ifVersion?: number } = {},
  ) =>
    typeof state === "function"
      ? this.#update(state as StateUpdate<Json>)
      : this.#enqueue(() => ({ op: "setState", state: state as Json, ...options }));

  /** Puts the state back to what the session's class began with. */
  readonly reset = (): Promise<CommandResult> => this.#enqueue(() => ({ op: "reset" }));

  readonly setStatus = (
    to: string,
    options: { readonly expectedVersion?: number } = {},
  ): Promise<CommandResult> => this.#enqueue(() => ({ op: "setStatus", to, ...options }));

  readonly setLifecycle = (
    to: Lifecycle,
    options: { readonly expectedVersion?: number } = {},
  ): Promise<CommandResult> => this.#enqueue(() => ({ op: "setLifecycle", to, ...options }));

  readonly answerGate: AnswerGate = (gateId, answer, more = {}) => {
    const given = typeof more === "string" ? { comment: more } : more;
    return this.#enqueue(() => ({ op: "answerGate", gateId, answer, ...given }));
  };

  /**
   * Asks for a summary, over HTTP whatever the transport; null if it is still being made. To everyone who follows, it comes as an event.
   *
   * @throws SessileError `rate_limited` with `cooldownRemaining` in seconds
   */
  readonly summarize = (style?: SummaryStyle): Promise<RequestedSummary | null> =>
    this.#requests.summarize(style);

  /**
   * Sends to the peers that are here now.
   *
   * @returns false if this client is not connected, in which case the signal is gone
   * @throws SessileError `bad_request` for a value JSON cannot hold, `rejected` over a transport that carries no signals
   */
  readonly signal = (signal: Json): boolean => {
    assertJson(signal, "signal");
    if (!this.#connection.isAttached) return false;
    this.#connection.send(signalFrame(signal, this.transport));
    return true;
  };

  readonly getSnapshot = (): SessionSnapshot<S> =>
    this.#store.snapshot(this.#phase, this.outbox, this.#optimistic);

  /** Calls back once for each frame that changed something. Returns a function that stops it. */
  readonly subscribe = (listener: () => void): (() => void) => this.#listeners.add(listener);

  readonly onSignal = (listener: (event: SignalEvent) => void): (() => void) => this.#signals.add(listener);

  /** Resolves once everything missed has arrived; at once if it has. Rejects if the client is or gets closed. */
  readonly whenLive = (): Promise<void> => {
    if (this.#closed) return Promise.reject(this.#closed);
    return this.#connection.state.at === "live" ? Promise.resolve() : this.#waiters.wait();
  };

  get #closed(): SessileError | null {
    const { state } = this.#connection;
    return state.at === "closed" ? closeError(state.reason) : null;
  }

  /** Async, so that a command refused before it is queued rejects like one the server refuses. */
  async #enqueue(make: () => Command): Promise<CommandResult> {
    if (this.#closed) throw this.#closed;
    const answer = this.#outbox.add(make(), this.#clock.now());
    this.#queued();
    return answer;
  }

  async #update(update: StateUpdate<Json>): Promise<CommandResult> {
    if (this.#closed) throw this.#closed;
    return this.#optimistic.update(update);
  }

  #queued(): void {
    this.#touch();
    this.#scheduleFlush();
  }

  /** One frame for all the commands of a tick. */
  #scheduleFlush(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#optimistic.pump();
      this.#isFlushDue = false;
      this.#flush();
      this.#notify();
    });
  }

  #flush(): void {
    if (!this.#connection.isAttached) return;
    for (const frame of this.outbox.take()) this.#connection.send(frame);
  }

  #onEffect(effect: SessionEffect): void {
    if (effect.do !== "signal" && effect.do !== "attach" && effect.do !== "voice") this.#touch();
    switch (effect.do) {
      case "reset":
        this.#store.reset();
        this.#optimistic.restart();
        break;
      case "adoptView":
        this.#store.adopt(effect.view);
        this.draft.missed();
        // The view has in it whatever was answered, or is of another log.
        this.#outbox.reached(Number.POSITIVE_INFINITY);
        break;
      case "welcome":
        this.#store.welcome(effect.peerId, effect.actor);
        this.outbox.welcomed(effect.actor?.id ?? null);
        break;
      case "applyCommit": {
        const events = this.#apply(effect.commit, effect.after);
        for (const { clientEventId } of events) {
          this.#outbox.seen(clientEventId);
          this.draft.seen(clientEventId);
        }
        this.#outbox.reached(this.#store.lastSeq);
        this.#feed.add(events);
        break;
      }
      case "settleAcks":
        this.outbox.settle(effect.acks, this.#store.seenSeq);
        break;
      case "voice":
        this.voice.took(effect.frame);
        break;
      case "attach":
        this.voice.attached();
        this.#flush();
        break;
      case "detach":
        this.#outbox.detached();
        this.#store.detach();
        this.voice.detached();
        break;
      case "signal":
        this.#signals.emit({ from: effect.from, signal: effect.signal });
        break;
      case "draft":
        this.#store.setDraft(effect.draft);
        break;
      case "quota":
        this.#store.setQuota(effect.quota);
        break;
      case "presence":
        this.#store.setPresence(effect.presence);
        break;
      case "reportError":
        this.#store.setError(effect.error);
        break;
      case "finish":
        this.#onFinish(effect.reason);
        break;
      default:
        unreachable(effect);
    }
  }

  /** A patch that is for another state than the one held here is no error of anybody's to see: the state is had anew. */
  #apply(commit: Commit, after: number): readonly EventOf<S>[] {
    try {
      return this.#store.apply(commit, after);
    } catch (thrown) {
      if (!(thrown instanceof StateMismatch)) throw thrown;
      this.#connection.startOver();
      return [];
    }
  }

  #onFinish(reason: CloseReason): void {
    const error = closeError(reason);
    if (reason.kind === "refused") this.#store.setError(error);
    this.voice.finished(error);
    this.#optimistic.fail(error, reason.kind === "stopped");
    this.outbox.fail(error, reason);
    this.#feed.finish(reason.kind === "refused" ? error : null);
  }

  #onSettled(): void {
    const { state } = this.#connection;
    if (state.at !== this.#phase) {
      this.#phase = state.at;
      this.#touch();
    }
    this.#feed.flush();
    this.#optimistic.pump();
    this.#notify();
    if (this.#closed || state.at === "live") this.#waiters.settle(this.#closed);
  }

  #touch(): void {
    this.#isDirty = true;
    this.#store.changed();
  }

  #notify(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#listeners.emit(undefined);
  }
}
