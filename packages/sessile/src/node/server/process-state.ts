import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/**
 * When a process started, in the system's own words; undefined when there is none. Together with the pid it names one
 * process for ever, since pids are used again.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform === "linux") return linuxStat(pid)?.start;
  const { stdout } = spawnSync("ps", ["-p", String(pid), "-o", "lstart="], { encoding: "utf8" });
  return stdout.trim() || undefined;
}

/**
 * Whether a process still holds its files and ports. A killed process becomes a zombie thread by thread, and lets go
 * of them with the last one; its memory goes first, so an empty `/proc/PID/environ` says nothing (seen 2026-11).
 */
export function isRunning(pid: number): boolean {
  if (process.platform === "linux") {
    const stat = linuxStat(pid);
    return stat !== undefined && (stat.state !== "Z" || threads(pid) > 1);
  }
  const { stdout } = spawnSync("ps", ["-p", String(pid), "-o", "stat="], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

function linuxStat(pid: number): { readonly state: string; readonly start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 2 is the program's name in parentheses and may hold spaces; 3 is the state, 22 the start.
    const [state = "", ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state, start: rest[18] ?? "" };
  } catch {
    return undefined;
  }
}

function threads(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}
