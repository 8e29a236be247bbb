import { deepFreeze, type Json } from "./json.ts";

/** Keys and indices from the root. */
export type StatePath = readonly (string | number)[];

/** One change. Each names the place it changes; the ops of a patch apply in order. */
export type StateOp =
  /** Puts a value at a key of an object, or at an index of an array that has one there. */
  | readonly ["=", StatePath, Json]
  | readonly ["-", StatePath]
  /** In an array: from an index on, so many go and these come. */
  | readonly ["~", StatePath, number, number, readonly Json[]]
  /** Appends to a string that is so long, in UTF-16 code units. */
  | readonly ["+", StatePath, number, string];

export type StatePatch = readonly StateOp[];

/** A patch was made for another state than the one at hand. Whoever meets it needs the state anew. */
export class StateMismatch extends Error {
  override readonly name = "StateMismatch";
}

type JsonObject = { readonly [key: string]: Json };

/**
 * What turns `base` into `next`. Parts that are the same object cost nothing, so that a change made by copying along its path is
 * found in the time of that path. Ops carry values of `next` as they are: whoever keeps them copies them.
 */
export function diffState(base: Json, next: Json): StatePatch {
  const ops: StateOp[] = [];
  collect(base, next, [], ops);
  return ops;
}

function collect(base: Json, next: Json, path: StatePath, ops: StateOp[]): void {
  if (Object.is(base, next)) return;
  if (typeof base === "string" && typeof next === "string") {
    const grows = base.length > 0 && next.length > base.length && next.startsWith(base);
    ops.push(grows ? ["+", path, base.length, next.slice(base.length)] : ["=", path, next]);
  } else if (isArray(base) && isArray(next)) collectArray(base, next, path, ops);
  else if (isObject(base) && isObject(next)) collectObject(base, next, path, ops);
  else if (base !== next) ops.push(["=", path, next]);
}

/** A property of `next` that is undefined is one that is not there, as in JSON. */
function collectObject(base: JsonObject, next: JsonObject, path: StatePath, ops: StateOp[]): void {
  // A reference to a part stays in one piece: whoever looks for it looks for the whole of it.
  const isReference = Object.hasOwn(base, "$part") || Object.hasOwn(next, "$part");
  if (isReference ? !isSame(base, next) : isReordered(base, next)) {
    ops.push(["=", path, next]);
    return;
  }
  for (const key of Object.keys(base))
    if (!Object.hasOwn(next, key) || next[key] === undefined) ops.push(["-", [...path, key]]);
  for (const [key, value] of Object.entries(next)) {
    if (value === undefined) continue;
    if (Object.hasOwn(base, key)) collect(base[key] as Json, value, [...path, key], ops);
    else ops.push(["=", [...path, key], value]);
  }
}

/** Whether keys that both have, or that come, would stand in another order: a patch leaves them where they are, and adds at the end. */
function isReordered(base: JsonObject, next: JsonObject): boolean {
  const [from, to] = [Object.keys(base), Object.keys(next)];
  if (from.every((key, index) => key === to[index])) return false;
  // Indices stand first and in order, however they came.
  const isPlaced = (key: string) => Object.hasOwn(next, key) && next[key] !== undefined && !/^\d+$/.test(key);
  const keys = to.filter(isPlaced);
  const kept = from.filter(isPlaced);
  return kept.some((key, index) => key !== keys[index]);
}

/** A list that is a window loses elements at one end and gains some at the other; more moves than this are not looked for. */
const maxMoves = 4;

function collectArray(
  base: readonly Json[],
  next: readonly Json[],
  path: StatePath,
  ops: StateOp[],
  moves = 0,
): void {
  const shorter = Math.min(base.length, next.length);
  let before = 0;
  while (before < shorter && isSame(base[before] as Json, next[before] as Json)) before += 1;
  let after = 0;
  while (after < shorter - before && isSame(base.at(-1 - after) as Json, next.at(-1 - after) as Json))
    after += 1;
  const [gone, come] = [base.length - before - after, next.length - before - after];
  if (gone > 0 && come > 0 && moves < maxMoves) {
    const left = base.indexOf(next[before] as Json, before + 1) - before;
    if (left > 0 && left < gone) {
      ops.push(["~", path, before, left, []]);
      collectArray([...base.slice(0, before), ...base.slice(before + left)], next, path, ops, moves + 1);
      return;
    }
    const entered = next.indexOf(base[before] as Json, before + 1) - before;
    if (entered > 0 && entered < come) {
      const head = next.slice(0, before + entered);
      ops.push(["~", path, before, 0, head.slice(before)]);
      collectArray([...head, ...base.slice(before)], next, path, ops, moves + 1);
      return;
    }
  }
  // Elements that stand where others stood are changed in place; the rest goes or comes behind them.
  const paired = Math.min(gone, come);
  for (let index = before; index < before + paired; index++)
    collect(base[index] as Json, next[index] as Json, [...path, index], ops);
  if (gone !== come) {
    const from = before + paired;
    ops.push(["~", path, from, gone - paired, next.slice(from, before + come)]);
  }
}

/** Equal in depth, key order included, for that is part of the text. */
function isSame(one: Json, other: Json): boolean {
  if (one === other) return true;
  if (isArray(one))
    return (
      isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => isSame(item, other[index] as Json))
    );
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  const others = Object.keys(other);
  return (
    keys.length === others.length &&
    keys.every((key, index) => key === others[index] && isSame(one[key] as Json, other[key] as Json))
  );
}

/** The state after a patch. What the patch does not touch is shared with `base`; what is made here is frozen. @throws StateMismatch */
export function applyPatch(base: Json, patch: StatePatch): Json {
  return patch.reduce<Json>((state, op) => applyAt(state, op[1], 0, op), base);
}

function applyAt(value: Json, path: StatePath, depth: number, op: StateOp): Json {
  if (depth === path.length) return applyHere(value, op);
  const step = path[depth] as string | number;
  const isLast = depth === path.length - 1;
  if (isArray(value) && typeof step === "number") {
    if (step >= value.length) throw new StateMismatch(`There is no index ${step}.`);
    const copy = [...value];
    copy[step] = applyAt(value[step] as Json, path, depth + 1, op);
    return Object.freeze(copy);
  }
  if (!isObject(value) || typeof step !== "string")
    throw new StateMismatch(`There is nothing at ${String(step)}.`);
  if (isLast && op[0] === "-") {
    if (!Object.hasOwn(value, step)) throw new StateMismatch(`There is no key ${step}.`);
    const { [step]: _gone, ...rest } = value;
    return Object.freeze(rest);
  }
  if (!Object.hasOwn(value, step) && !(isLast && op[0] === "="))
    throw new StateMismatch(`There is no key ${step}.`);
  return Object.freeze({ ...value, [step]: applyAt(value[step] ?? null, path, depth + 1, op) });
}

function applyHere(value: Json, op: StateOp): Json {
  switch (op[0]) {
    case "=":
      return deepFreeze(op[2]);
    case "~": {
      const [, , from, gone, come] = op;
      if (!isArray(value) || from + gone > value.length) throw new StateMismatch("The array is another.");
      return Object.freeze([...value.slice(0, from), ...deepFreeze(come), ...value.slice(from + gone)]);
    }
    case "+": {
      const [, , length, text] = op;
      if (typeof value !== "string" || value.length !== length)
        throw new StateMismatch("The text is another.");
      return value + text;
    }
    case "-":
      throw new StateMismatch("The root cannot be removed.");
  }
}

/** FNV-1a over the state's JSON, 32 bits: finds a copy that went its own way, not a forgery. */
export function stateSum(state: Json): number {
  const text = JSON.stringify(state);
  let sum = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193);
  return sum >>> 0;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
