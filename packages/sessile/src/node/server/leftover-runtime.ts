import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { pidFileIn, readPid } from "./runtime-guard.ts";
import { ServeError } from "./serve-error.ts";

const deadlineMs = 5_000;
const pollMs = 5;

/**
 * Waits until the runtime of a killed server is gone, and kills it where its guard has not. Without this a second
 * runtime could write to the same databases for as long as the first takes to die. Only for the holder of the lock.
 */
export async function endLeftoverRuntime(runDir: string): Promise<void> {
  const pidFile = pidFileIn(runDir);
  const pid = readPid(pidFile);
  if (pid === undefined) return;
  const deadline = Date.now() + deadlineMs;
  while (isRuntimeOf(pid, pidFile)) {
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

/** Whether the pid is still that runtime, and not a zombie or another program that got the same pid. */
function isRuntimeOf(pid: number, pidFile: string): boolean {
  if (process.platform === "linux") {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      return environment.includes(`SESSILE_PID_FILE=${pidFile}`);
    } catch {
      return false;
    }
  }
  // macOS: -E adds the environment of the user's own processes.
  const { stdout } = spawnSync("ps", ["-p", String(pid), "-wwE", "-o", "stat=,command="], {
    encoding: "utf8",
  });
  return stdout.includes(`SESSILE_PID_FILE=${pidFile}`) && !stdout.trimStart().startsWith("Z");
}
