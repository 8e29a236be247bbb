import { SessileError } from "../protocol/error.ts";
import { deepFreeze, type Json } from "../protocol/json.ts";
import { applyPatch, diffState, stateSum } from "../protocol/state-patch.ts";
import type { StateChange } from "../protocol/system-event.ts";
import type { SessionView } from "../protocol/view.ts";

/** So many events apart, a change carries the sum of the state after it. */
const sumEvery = 64;
/** Of a state longer than this a patch that is much shorter is taken, without asking how long the whole would be. */
const longStateChars = 4096;

/** At most so many characters each state is as JSON; counting them anew would cost more than the change. */
const knownChars = new WeakMap<object, number>();

export function rememberChars(state: Json, chars: number | null): void {
  if (chars !== null && state !== null && typeof state === "object") knownChars.set(state, chars);
}

/**
 * What turns the view's state into `next`, in copies of our own: the caller keeps its object, and neither side can change what was
 * stored. `chars` bounds the length of the state after it; null where that is not known.
 *
 * @throws SessileError `limit_exceeded`
 */
export function stateChange(
  { state, version }: SessionView,
  next: Json,
  seq: number,
  maxChars: number,
): { readonly payload: StateChange; readonly chars: number | null } {
  const ops = diffState(state, next);
  const text = JSON.stringify(ops);
  const chars = charsOf(state);
  const bound = chars + text.length;
  if (bound <= maxChars && chars > longStateChars && text.length < chars / 8) {
    // What was taken away is not counted: how long the rest is, is found when it matters.
    const shrinks = ops.some((op) => op[0] === "-" || (op[0] === "~" && op[3] > 0));
    return { payload: patchOf(text), chars: shrinks ? null : bound };
  }
  const whole = JSON.stringify(next);
  if (whole.length > maxChars)
    throw new SessileError(
      "limit_exceeded",
      `The state would be ${whole.length} characters; ${maxChars} are allowed. Keep a window in the state and the rest in tables or events.`,
      { field: "state", limit: "maxStateChars" },
    );
  if (text.length < whole.length) return { payload: patchOf(text), chars: whole.length };
  return { payload: { state: deepFreeze(JSON.parse(whole) as Json) }, chars: whole.length };

  function patchOf(patchText: string): StateChange {
    const patch = deepFreeze(JSON.parse(patchText));
    const payload = { base: version, patch };
    return seq % sumEvery === 0 ? { ...payload, sum: stateSum(applyPatch(state, patch)) } : payload;
  }
}

function charsOf(state: Json): number {
  if (state === null || typeof state !== "object") return JSON.stringify(state).length;
  const known = knownChars.get(state);
  if (known !== undefined) return known;
  const chars = JSON.stringify(state).length;
  knownChars.set(state, chars);
  return chars;
}
