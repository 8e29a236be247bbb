import type { Json } from "../protocol/index.ts";
import type { JsonObject } from "../protocol/session-state.ts";

/** RFC 7396, as SQLite's `json_patch` does it. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: { [key: string]: Json } = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(Object.hasOwn(merged, key) ? merged[key] : undefined, value);
  }
  return merged;
}

/** What whoever merges should know: two merges that each replace an array lose one of them. */
export function mergeWarnings(changes: JsonObject, path = ""): readonly string[] {
  return Object.entries(changes).flatMap(([key, value]) => {
    const at = path === "" ? key : `${path}.${key}`;
    if (Array.isArray(value))
      return [`${at} is an array: it replaces what was there and is not joined with it`];
    return isObject(value) ? mergeWarnings(value, at) : [];
  });
}

function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
