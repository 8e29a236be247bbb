import { flatten } from "./flatten.ts";
import type { Normalised } from "./normalised.ts";
import { looksLikeEve, normaliseEve } from "./suricata.ts";
import { looksLikeWindows, normaliseWindows } from "./windows.ts";

/** One parsed record as an alert, or why it cannot be one. `value` comes from `parseExactly`, `hash` from `recordHash`. */
export function normaliseRecord(value: unknown, hash: string, raw: string): Normalised {
  if (!isRecord(value))
    return { rejected: `not a JSON object but ${Array.isArray(value) ? "an array" : typeof value}` };
  const { fields, refused } = flatten(value);
  if (refused !== undefined) return { rejected: `the key "${refused}" is not allowed` };
  const facts = { hash, raw, fields };
  if (looksLikeEve(value)) return normaliseEve(value, facts);
  if (looksLikeWindows(value)) return normaliseWindows(facts);
  return {
    rejected: "unknown format: no event_type (Suricata EVE) and no EventID with Channel (Windows event)",
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
