import {
  applyPatch,
  deepFreeze,
  diffState,
  type Json,
  SessileError,
  type SessionView,
} from "../protocol/index.ts";
import type { CommandResult, Outbox, PendingCommand } from "./outbox/outbox.ts";

/** Makes the next state from the one there is. It may run several times, so it does nothing else. */
export type StateUpdate<State> = (state: State) => State;

export interface OptimisticStateOptions {
  readonly view: () => SessionView | undefined;
  readonly outbox: Outbox;
  readonly now: () => number;
  /** Whether everything missed is here. What an update is made from would be stale before that, so updates wait. */
  readonly isLive: () => boolean;
  /** Without events there is no state to update. */
  readonly followsEvents: boolean;
  /** What others wrote is there, and has not come yet. */
  readonly overtaken: () => void;
  /** A command was queued, or an update. */
  readonly queued: () => void;
  readonly maxWaiting: number;
}

interface Waiting {
  readonly update: StateUpdate<Json>;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: unknown) => void;
  /** Marks a rejection as known, for a caller that closed the client on purpose and waits for nothing. */
  readonly hush: () => void;
}

interface Sent {
  readonly id: string;
  readonly ifVersion: number;
  readonly updates: readonly Waiting[];
}

/**
 * The state as its own client shows it: what is confirmed, and over it what this client has asked for and not seen yet. Nothing is
 * kept of what was shown, so there is nothing that could go its own way: it is made anew from the confirmed state each time.
 */
export class OptimisticState {
  readonly #options: OptimisticStateOptions;
  /** States that wait in the outbox, in frozen copies that share what they can with what was shown before. */
  readonly #copies = new WeakMap<PendingCommand, Json>();
  #waiting: Waiting[] = [];
  /** Updates go one command at a time, because each needs to know the version that the one before made. */
  #sent: Sent | null = null;
  /** The version that a refusal told of; anything written before it has come would be refused again. */
  #overtakenBy = 0;
  /** So many updates that were refused together are tried one by one, for one of them may be to blame. */
  #alone = 0;
  #lastShown: { readonly on: Json; readonly updates: readonly Waiting[]; readonly state: Json } | null = null;

  constructor(options: OptimisticStateOptions) {
    this.#options = options;
  }

  /** @throws SessileError `limit_exceeded`; `rejected` without events */
  update(update: StateUpdate<Json>): Promise<CommandResult> {
    const { maxWaiting, followsEvents } = this.#options;
    if (!followsEvents)
      throw new SessileError(
        "rejected",
        "A client without events knows no state to update. Give it the state itself.",
        { field: "events" },
      );
    if (this.#waiting.length >= maxWaiting)
      throw new SessileError(
        "limit_exceeded",
        `${maxWaiting} updates of the state already wait. Wait for some before sending more.`,
        { limit: "maxQueued" },
      );
    const promise: Promise<CommandResult> = new Promise((resolve, reject) => {
      const hush = () => void promise.catch(() => {});
      this.#waiting.push({ update, resolve, reject, hush });
    });
    this.#options.queued();
    return promise;
  }

  /** Updates that no command was made of yet. */
  get unsent(): number {
    return this.#waiting.length;
  }

  /** What to show. Which writes will be applied is known, unless somebody else's come first: then it is known when those are here. */
  shown(): Json | undefined {
    const view = this.#options.view();
    if (!view) return undefined;
    const pending = this.#options.outbox.pending;
    const written = this.#written(view, pending);
    const sent = this.#sent;
    const isStale =
      sent !== null && sent.ifVersion !== view.version && pending.some(({ id }) => id === sent.id);
    return this.#updated(written, isStale ? [...sent.updates, ...this.#waiting] : this.#waiting);
  }

  /** Sends what waits, if nothing of ours is under way that will change the version. */
  pump(): void {
    const view = this.#options.view();
    if (this.#sent || this.#waiting.length === 0 || !this.#options.isLive()) return;
    if (!view || view.version < this.#overtakenBy) return;
    if (this.#options.outbox.pending.some(({ command: { op } }) => op === "setState" || op === "reset"))
      return;
    const taken = this.#waiting.splice(0, this.#alone > 0 ? 1 : this.#waiting.length);
    this.#alone = Math.max(0, this.#alone - 1);
    const { state, ran } = runUpdates(view.state, taken);
    if (Object.is(state, view.state)) {
      for (const { resolve } of ran) resolve({ seq: view.lastSeq, repeated: false, result: undefined });
      this.pump();
      return;
    }
    const { version } = view;
    const ended = (outcome: CommandResult | SessileError) => {
      if (this.#sent?.updates === ran) this.#ended(ran, version, outcome);
    };
    try {
      this.#sent = { id: this.#send(state, version, ended), ifVersion: version, updates: ran };
    } catch (thrown) {
      this.#ended(ran, version, SessileError.from(thrown));
      this.pump();
    }
  }

  /** Another log is followed, whose versions say nothing about those before. */
  restart(): void {
    this.#overtakenBy = 0;
  }

  fail(error: SessileError, isExpected: boolean): void {
    const updates = [...(this.#sent?.updates ?? []), ...this.#waiting];
    this.#sent = null;
    this.#waiting = [];
    this.#alone = 0;
    for (const { reject, hush } of updates) {
      if (isExpected) hush();
      reject(error);
    }
  }

  #send(state: Json, ifVersion: number, ended: (outcome: CommandResult | SessileError) => void): string {
    const { outbox, now, queued } = this.#options;
    // Whoever waits for it hears of it by `ended`.
    outbox.add({ op: "setState", state, ifVersion }, now(), ended).catch(() => {});
    queued();
    return outbox.pending.at(-1)?.id ?? "";
  }

  #ended(updates: readonly Waiting[], ifVersion: number, outcome: CommandResult | SessileError): void {
    this.#sent = null;
    if (!(outcome instanceof SessileError)) {
      for (const { resolve } of updates) resolve(outcome);
    } else if (isOvertaken(outcome, ifVersion)) {
      this.#overtakenBy = outcome.details.currentVersion ?? 0;
      this.#waiting.unshift(...updates);
      if ((this.#options.view()?.version ?? 0) < this.#overtakenBy) this.#options.overtaken();
    } else if (updates.length > 1 && outcome.code !== "fenced") {
      // What is fenced may have been applied long ago (RT4): made anew it would be made twice.
      this.#alone = updates.length;
      this.#waiting.unshift(...updates);
    } else for (const { reject } of updates) reject(outcome);
  }

  /** The state after the writes that are under way and will be applied. */
  #written(view: SessionView, pending: readonly PendingCommand[]): Json {
    let state = view.state;
    let version: number | null = view.version;
    for (const item of pending) {
      const { command } = item;
      // What a reset leads to only the server knows.
      if (command.op === "reset") version = null;
      if (command.op !== "setState") continue;
      if (command.ifVersion !== undefined && command.ifVersion !== version) continue;
      state = this.#copy(item, command.state, state);
      version = null;
    }
    return state;
  }

  #copy(item: PendingCommand, next: Json, shown: Json): Json {
    const known = this.#copies.get(item);
    if (known !== undefined) return known;
    const copy = deepFreeze(applyPatch(shown, diffState(shown, next)));
    this.#copies.set(item, copy);
    return copy;
  }

  #updated(on: Json, updates: readonly Waiting[]): Json {
    if (updates.length === 0) return on;
    const last = this.#lastShown;
    const isSame =
      last?.on === on &&
      last.updates.length === updates.length &&
      last.updates.every((update, index) => update === updates[index]);
    if (isSame) return last.state;
    const state = deepFreeze(updates.reduce((before, { update }) => tried(update, before), on));
    this.#lastShown = { on, updates: [...updates], state };
    return state;
  }
}

/** Refused for what is there now, and not by a kind's own check, which would refuse it again and again. */
function isOvertaken({ code, details }: SessileError, ifVersion: number): boolean {
  return (
    code === "precondition_failed" &&
    details.currentVersion !== undefined &&
    details.currentVersion !== ifVersion
  );
}

/** An update that throws is refused when it is sent; until then it shows nothing. */
function tried(update: StateUpdate<Json>, state: Json): Json {
  try {
    return update(state);
  } catch {
    return state;
  }
}

function runUpdates(
  from: Json,
  updates: readonly Waiting[],
): { readonly state: Json; readonly ran: readonly Waiting[] } {
  let state = from;
  const ran: Waiting[] = [];
  for (const waiting of updates) {
    try {
      state = deepFreeze(waiting.update(state));
      ran.push(waiting);
    } catch (thrown) {
      waiting.reject(thrown);
    }
  }
  return { state, ran };
}
