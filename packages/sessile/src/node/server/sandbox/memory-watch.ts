import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

/** What workerd holds for itself, with room for what V8 has not collected yet. */
const ownMb = 128;
const intervalMs = 20;

export interface MemoryWatch {
  /** It was killed for what it held. */
  readonly isExceeded: () => boolean;
  readonly stop: () => void;
}

/**
 * Kills a process that holds more than its code may. V8's bound is for the heap alone: ArrayBuffers and WebAssembly's memory lie
 * beside it, and show only in what the process holds. Elsewhere than on Linux nothing tells that, and nothing is watched.
 */
export function watchMemory(child: ChildProcess, memoryMb: number): MemoryWatch {
  let isExceeded = false;
  const timer = setInterval(() => {
    if (residentMb(child.pid) <= memoryMb + ownMb) return;
    isExceeded = true;
    child.kill("SIGKILL");
  }, intervalMs);
  return { isExceeded: () => isExceeded, stop: () => clearInterval(timer) };
}

function residentMb(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    // It has ended, or there are no such files.
    return 0;
  }
}
