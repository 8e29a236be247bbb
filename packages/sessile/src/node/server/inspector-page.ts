import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isLoopback } from "./address.ts";
import type { ServeOptions } from "./options.ts";

export const inspectorBinding = "SESSILE_INSPECTOR";

/** Whether the Worker is to have the page, and has not another of its own. */
export function wantsInspector(
  { inspector, allowedHosts = [], vars = {} }: Pick<ServeOptions, "inspector" | "allowedHosts" | "vars">,
  host: string,
): boolean {
  if (Object.hasOwn(vars, inspectorBinding)) return false;
  return inspector ?? isPrivate({ allowedHosts }, host);
}

/** Whether only this machine reaches the server. */
export function isPrivate({ allowedHosts = [] }: Pick<ServeOptions, "allowedHosts">, host: string): boolean {
  return isLoopback(host) && allowedHosts.length === 0;
}

/** Null in a checkout that nobody has built yet. */
export function readInspectorPage(): string | null {
  try {
    return readFileSync(createRequire(import.meta.url).resolve("sessile/inspector.html"), "utf8");
  } catch {
    return null;
  }
}
