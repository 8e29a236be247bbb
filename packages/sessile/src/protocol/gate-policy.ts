import type { Actor } from "./event.ts";
import type { GateCall, PolicyScope } from "./gate.ts";
import { hashOf } from "./gate.ts";
import type { Json } from "./json.ts";
import { matchesStars } from "./stream-glob.ts";

/** Which calls an "always allow" lets run. */
export interface CallPattern {
  /** `*` stands for any characters. */
  readonly tool: string;
  /** By the path of the argument (`host`, `target.port`): the value it must have. In a text, `*` stands for any characters. */
  readonly arguments?: { readonly [path: string]: Json };
  /** Only the call with just these arguments. */
  readonly argumentsHash?: string;
}

/** What one person allows from now on, until it is revoked or expires. It answers what its maker could have answered. */
export interface GatePolicy extends CallPattern {
  readonly policyId: string;
  readonly by: Actor;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970; null: until it is revoked. */
  readonly expiresAt: number | null;
}

/** A policy beyond one session. */
export interface SharedPolicy extends GatePolicy {
  readonly kind: string;
  readonly scope: Exclude<PolicyScope, "session">;
  /** Milliseconds since 1970. */
  readonly revokedAt: number | null;
  readonly revokedBy: Actor | null;
}

export const maxToolChars = 256;
export const maxPatternChars = 4096;

export function matchesCall(pattern: CallPattern, call: GateCall): boolean {
  if (!matchesStars(pattern.tool, call.name)) return false;
  if (pattern.argumentsHash !== undefined && pattern.argumentsHash !== call.argumentsHash) return false;
  return Object.entries(pattern.arguments ?? {}).every(([path, wanted]) =>
    matchesValue(wanted, valueAt(call.arguments, path)),
  );
}

function matchesValue(wanted: Json, given: Json | undefined): boolean {
  if (given === undefined) return false;
  if (typeof wanted === "string") return typeof given === "string" && matchesStars(wanted, given);
  return hashOf(wanted) === hashOf(given);
}

function valueAt(value: Json, path: string): Json | undefined {
  let found: Json | undefined = value;
  for (const key of path.split(".")) {
    if (found === null || typeof found !== "object" || Array.isArray(found) || !Object.hasOwn(found, key))
      return undefined;
    found = (found as { readonly [key: string]: Json })[key];
  }
  return found;
}
