import { applyPatch, diffState, type Json, type StateOp, type StatePatch } from "../protocol/index.ts";

/** One place that an event has changed. */
export interface StateDifference {
  /** `messages.3.text`; empty: the whole. */
  readonly path: string;
  /** Undefined: there was nothing, or it is not known. */
  readonly before: Json | undefined;
  /** Undefined: it is gone. */
  readonly after: Json | undefined;
}

/** The state around one event. Undefined: the history that is at hand begins later than what it follows from. */
interface StateStep {
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly patch: StatePatch | null;
}

interface LoggedEvent {
  readonly seq: number;
  readonly type: string;
  readonly payload: unknown;
}

interface StatePatchChange {
  readonly patch: StatePatch;
  /** The version that it changes. */
  readonly base: number;
}

/** What the state was at each event, folded forward from the first whole state there is. Unchanged parts are shared. */
export class StateHistory {
  readonly #steps = new Map<number, StateStep>();
  /** Asked for again and again. */
  readonly #differences = new Map<number, readonly StateDifference[]>();
  #state: Json | undefined;
  /** Seq of its last change. */
  #version = 0;
  #lastSeq = 0;

  /** Takes in those that are new, and forgets what was before the first; given in order. */
  add(events: readonly LoggedEvent[]): void {
    // Of a log that begins anew nothing before it holds.
    if ((events.at(-1)?.seq ?? 0) < this.#lastSeq) this.#clear();
    const from = events.findLastIndex(({ seq }) => seq <= this.#lastSeq) + 1;
    for (const event of events.slice(from)) this.#take(event);
    if (events[0]) this.#forgetBefore(events[0].seq);
  }

  /** Null for an event that is about something else. The same array every time. */
  differencesAt(seq: number): readonly StateDifference[] | null {
    const step = this.#steps.get(seq);
    if (!step) return null;
    let known = this.#differences.get(seq);
    if (!known) {
      known = differencesOf(step);
      this.#differences.set(seq, known);
    }
    return known;
  }

  /** The state as it was once the event had happened; undefined if it is not known. */
  stateAt(seq: number): Json | undefined {
    let found: Json | undefined;
    for (const [at, { after }] of this.#steps) {
      if (at > seq) break;
      found = after;
    }
    return found;
  }

  #take({ seq, type, payload }: LoggedEvent): void {
    this.#lastSeq = seq;
    if (type !== "session.created" && type !== "state.changed") return;
    const change = payload as { readonly state: Json } | StatePatchChange;
    // What was changed in between, where events are missing, nobody knows.
    const before = "base" in change && change.base !== this.#version ? undefined : this.#state;
    if ("state" in change) this.#state = change.state;
    else this.#state = before === undefined ? undefined : applyPatch(before, change.patch);
    this.#version = seq;
    this.#steps.set(seq, { before, after: this.#state, patch: "patch" in change ? change.patch : null });
  }

  /** All but the newest of them, which says what the state was at `seq`. */
  #forgetBefore(seq: number): void {
    let newest: number | null = null;
    for (const at of this.#steps.keys()) {
      if (at >= seq) return;
      if (newest !== null) {
        this.#steps.delete(newest);
        this.#differences.delete(newest);
      }
      newest = at;
    }
  }

  #clear(): void {
    this.#steps.clear();
    this.#differences.clear();
    this.#state = undefined;
    this.#lastSeq = 0;
  }
}

function differencesOf({ before, after, patch }: StateStep): readonly StateDifference[] {
  if (before !== undefined && after !== undefined) return differences(before, diffState(before, after));
  return patch ? patch.map(opAlone) : [{ path: "", before, after }];
}

function differences(base: Json, patch: StatePatch): readonly StateDifference[] {
  let state = base;
  return patch.map((op) => {
    const before = valueAt(state, op[1]);
    state = applyPatch(state, [op]);
    if (op[0] === "~") {
      const [, , from, gone, come] = op;
      return {
        path: pathOf(op, from),
        before: (before as readonly Json[]).slice(from, from + gone),
        after: come,
      };
    }
    return { path: pathOf(op), before, after: op[0] === "-" ? undefined : valueAt(state, op[1]) };
  });
}

/** All that a patch says without the state it was made for. */
function opAlone(op: StateOp): StateDifference {
  if (op[0] === "~") return { path: pathOf(op, op[2]), before: undefined, after: op[4] };
  if (op[0] === "+") return { path: pathOf(op), before: undefined, after: `…${op[3]}` };
  return { path: pathOf(op), before: undefined, after: op[0] === "=" ? op[2] : undefined };
}

function pathOf(op: StateOp, index?: number): string {
  return [...op[1], ...(index === undefined ? [] : [index])].join(".");
}

function valueAt(state: Json, path: readonly (string | number)[]): Json | undefined {
  let value: Json | undefined = state;
  for (const step of path) {
    if (value === null || typeof value !== "object") return undefined;
    value = (value as { readonly [key: string | number]: Json })[step];
  }
  return value;
}
