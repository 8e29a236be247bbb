import { SessileError } from "./error.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** JSON as it is given: a field that is undefined is left out, which is how schemas type an optional one. */
export type JsonInput =
  | null
  | boolean
  | number
  | string
  | readonly JsonInput[]
  | { readonly [key: string]: JsonInput | undefined };

/** The same shape without interfaces, which TypeScript does not take for JSON as it takes plain object types. */
export type JsonShape<T> = T extends Json ? T : { [Key in keyof T]: JsonShape<T[Key]> };

/** The same, readonly in depth. */
export type DeepReadonly<T> = Json extends T
  ? T
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

export interface JsonLimits {
  /** UTF-16 code units of the text. */
  readonly maxChars: number;
  /** Nesting of arrays and objects. */
  readonly maxDepth: number;
}

/**
 * Parses untrusted JSON. Refuses text that is too long or too deep, and any `__proto__` key: such a key is harmless
 * here but not to the careless merge it may meet later.
 *
 * @throws SessileError `bad_request` or `limit_exceeded`
 */
export function parseJson(text: string, limits: JsonLimits, what = "body"): Json {
  if (text.length > limits.maxChars) {
    throw new SessileError(
      "limit_exceeded",
      `The ${what} is longer than ${limits.maxChars} characters. Send it in smaller pieces.`,
      {
        field: what,
        limit: "maxFrameChars",
      },
    );
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new SessileError("bad_request", `The ${what} is not valid JSON.`, { field: what });
  }
  checkJson(value, limits.maxDepth, what);
  return value;
}

/** Walks a parsed value; strings and numbers cost nothing, so the price is the number of containers. */
function checkJson(value: Json, depthLeft: number, path: string): void {
  if (value === null || typeof value !== "object") return;
  if (depthLeft === 0) {
    throw new SessileError("limit_exceeded", `${path} is nested too deeply.`, {
      field: path,
      limit: "maxDepth",
    });
  }
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) {
      if (item !== null && typeof item === "object") checkJson(item, depthLeft - 1, path);
    }
    return;
  }
  for (const key in value) {
    if (key === "__proto__")
      throw new SessileError("bad_request", `${path} has a key named __proto__, which is refused.`, {
        field: path,
      });
    const item = (value as { readonly [key: string]: Json })[key] as Json;
    if (item !== null && typeof item === "object") checkJson(item, depthLeft - 1, path);
  }
}

/**
 * Refuses what JSON cannot hold, with the path to the value, instead of silently dropping it as
 * `JSON.stringify` does (functions, `undefined` in arrays, NaN, Date, Map, Set, class instances, bigint).
 * An object property that is `undefined` is allowed and vanishes, as optional properties do.
 *
 * @param known a value that is JSON and at the same place: what the two share is not looked at again
 * @throws SessileError `bad_request`
 */
export function assertJson(
  value: unknown,
  path = "value",
  depthLeft = 100,
  known?: Json,
): asserts value is Json {
  // What was stored before is JSON, and was found not to be too deep where it lies.
  if (known !== undefined && value === known) return;
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (Number.isFinite(value)) return;
      throw notJson(path, `${value} has no JSON form`);
    case "object":
      break;
    default:
      throw notJson(path, `a ${typeof value} has no JSON form`);
  }
  if (value === null) return;
  if (depthLeft === 0)
    throw new SessileError("limit_exceeded", `${path} is nested too deeply or refers to itself.`, {
      field: path,
      limit: "maxDepth",
    });
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++)
      assertJson(
        value[index],
        `${path}[${index}]`,
        depthLeft - 1,
        Array.isArray(known) ? known[index] : undefined,
      );
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw notJson(path, `a ${(value as object).constructor?.name ?? "class instance"} has no JSON form`);
  }
  for (const [key, item] of Object.entries(value)) {
    if (key === "__proto__") throw notJson(`${path}.__proto__`, "this key is refused");
    if (item !== undefined) assertJson(item, `${path}.${key}`, depthLeft - 1, childOf(known, key));
  }
}

function childOf(known: Json | undefined, key: string): Json | undefined {
  if (known === undefined || known === null || typeof known !== "object" || Array.isArray(known))
    return undefined;
  return Object.hasOwn(known, key) ? (known as { readonly [key: string]: Json })[key] : undefined;
}

function notJson(path: string, reason: string): SessileError {
  return new SessileError("bad_request", `${path} cannot be stored: ${reason}.`, { field: path });
}

/** Freezes a JSON value in depth, so that a mutation throws instead of being lost. Stops at what is already frozen. */
export function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== "object" || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const item of Object.values(value)) deepFreeze(item);
  return value;
}
