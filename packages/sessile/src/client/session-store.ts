import {
  type Actor,
  type Commit,
  type DeepReadonly,
  type Draft,
  deepFreeze,
  eventsOf,
  foldCommit,
  lastSeqOf,
  type QuotaStatus,
  type SessileError,
  type SessionView,
  type StateOf,
  sessionKeyOf,
} from "../protocol/index.ts";
import type { ConnectionPhase } from "./connection-state.ts";
import { EventWindow } from "./event-window.ts";
import type { OptimisticState } from "./optimistic-state.ts";
import type { ClientOutbox } from "./outbox/client-outbox.ts";
import type { EventOf, Presence, SessionSnapshot } from "./session-types.ts";

const nobody: Presence = Object.freeze({ count: 0, peers: Object.freeze([]) });

/** What the client has learnt: the view, the window of events, who is there. Folds; knows nothing of sockets. */
export class SessionStore<S> {
  readonly window: EventWindow<EventOf<S>>;
  readonly #sessionKey: number;
  #view: SessionView | undefined;
  #draft: Draft | null = null;
  #quota: QuotaStatus | null = null;
  #presence = nobody;
  #peerId: string | null = null;
  #actor: Actor | null = null;
  #error: SessileError | null = null;
  /** Counts the logs followed: a reset begins another. */
  #generation = 0;
  #snapshot: SessionSnapshot<S> | null = null;

  constructor(kind: string, name: string, maxEvents: number) {
    this.#sessionKey = sessionKeyOf(kind, name);
    this.window = new EventWindow(maxEvents);
  }

  get generation(): number {
    return this.#generation;
  }

  get lastSeq(): number {
    return this.#view?.lastSeq ?? 0;
  }

  /** What has been seen: a client without events has nothing that an answer could be waiting to show up in. */
  get seenSeq(): number {
    return this.#view?.lastSeq ?? Number.POSITIVE_INFINITY;
  }

  reset(): void {
    this.#view = undefined;
    this.window.clear();
    this.#generation += 1;
  }

  get view(): SessionView | undefined {
    return this.#view;
  }

  adopt(view: SessionView): void {
    deepFreeze(view.state);
    this.#view = view;
  }

  welcome(peerId: string, actor: Actor | null): void {
    this.#peerId = peerId;
    this.#actor = actor;
    this.#error = null;
  }

  /** Nobody is known to be there while nobody can be heard. */
  detach(): void {
    this.#presence = nobody;
    this.#peerId = null;
  }

  get draft(): Draft | null {
    return this.#draft;
  }

  setDraft(draft: Draft | null): void {
    this.#draft = draft && Object.freeze(draft);
  }

  setQuota(quota: QuotaStatus): void {
    this.#quota = Object.freeze(quota);
  }

  setPresence(presence: Presence): void {
    this.#presence = Object.freeze(presence);
  }

  setError(error: SessileError): void {
    this.#error = error;
  }

  /** Takes in the events above `after` and returns them. History from before the view is shown but not folded again. */
  apply(commit: Commit, after: number): readonly EventOf<S>[] {
    const events = eventsOf(commit, this.#sessionKey, after) as unknown as readonly EventOf<S>[];
    for (const event of events) {
      Object.freeze(event);
      // Sent or cancelled: never both the draft and what became of it in one snapshot.
      if (this.#draft !== null && event.clientEventId === this.#draft.draftId) this.#draft = null;
    }
    this.window.push(events);
    if (this.#view && lastSeqOf(commit) > this.#view.lastSeq) {
      this.#view = foldCommit(this.#view, commit);
      deepFreeze(this.#view.state);
    }
    return events;
  }

  /** Something changed; the next `snapshot` makes a new object. */
  changed(): void {
    this.#snapshot = null;
  }

  snapshot(
    connection: ConnectionPhase,
    { kept, queue: { pending, overtaken } }: Pick<ClientOutbox, "kept" | "queue">,
    optimistic: Pick<OptimisticState, "shown" | "unsent">,
  ): SessionSnapshot<S> {
    type State = DeepReadonly<StateOf<S>>;
    const view = this.#view as SessionView<State> | undefined;
    this.#snapshot ??= Object.freeze({
      connection,
      view,
      state: optimistic.shown() as State | undefined,
      status: view?.status,
      lifecycle: view?.lifecycle,
      events: this.window.latest,
      pending,
      kept,
      unsentUpdates: optimistic.unsent,
      overtaken,
      draft: this.#draft,
      quota: this.#quota,
      presence: this.#presence,
      lastSeq: this.lastSeq,
      peerId: this.#peerId,
      actor: this.#actor,
      error: this.#error,
    });
    return this.#snapshot;
  }
}
