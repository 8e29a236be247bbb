import { readStored, writeStored } from "../lib/storage.ts";

const key = "profiles";
const maxKept = 8;

/** Names used in this browser, latest first. */
export function recentProfiles(): readonly string[] {
  const stored = readStored(key);
  return Array.isArray(stored) ? stored.filter((name) => typeof name === "string").slice(0, maxKept) : [];
}

export function rememberProfile(name: string): void {
  writeStored(key, [name, ...recentProfiles().filter((other) => other !== name)].slice(0, maxKept));
}
