import { setTimeout as delay } from "node:timers/promises";
import { isRunning, startOf } from "./process-state.ts";
import { pidFileIn, readPidFile } from "./runtime-guard.ts";
import { ServeError } from "./serve-error.ts";

const deadlineMs = 5_000;
const pollMs = 5;

/**
 * Waits until the runtime of a killed server is gone, and kills it where its guard has not. Without this a second
 * runtime could write to the same databases for as long as the first takes to die. Only for the holder of the lock.
 */
export async function endLeftoverRuntime(runDir: string): Promise<void> {
  const noted = readPidFile(pidFileIn(runDir));
  if (noted === undefined) return;
  const { pid, start } = noted;
  const deadline = Date.now() + deadlineMs;
  while (startOf(pid) === start && isRunning(pid)) {
    if (Date.now() > deadline) {
      throw new ServeError(
        "folder_in_use",
        `Process ${pid}, the runtime of a killed server, does not end. Kill it.`,
        { pid },
      );
    }
    kill(pid);
    await delay(pollMs);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}
