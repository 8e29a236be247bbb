import { readFileSync } from "node:fs";
import type { Server } from "sessile/node";

/** Resident memory of workerd in bytes; null where the system does not tell. */
export function serverBytes({ runtimePid }: Server): number | null {
  if (process.platform !== "linux" || runtimePid === undefined) return null;
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${runtimePid}/status`, "utf8"))?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}
