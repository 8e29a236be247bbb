import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { folderFailure } from "./data-folder.ts";
import { findHolder } from "./folder-lock.ts";
import { ServeError, systemCode } from "./serve-error.ts";

const defaultTimeoutMs = 60_000;
const pollMs = 50;

export interface StopOptions {
  /** How long the server may take to end. Default: a minute. */
  readonly timeoutMs?: number;
}

/**
 * Asks the server of a data folder to end, and waits until it has let go of the folder, which may be copied then.
 *
 * @returns its process id; null if nobody served the folder
 * @throws ServeError `folder_not_writable`; `folder_in_use` if it may not be asked or does not end
 */
export async function stopServer(
  dir: string,
  { timeoutMs = defaultTimeoutMs }: StopOptions = {},
): Promise<number | null> {
  const folder = resolve(dir);
  if (!existsSync(folder)) throw folderFailure(folder, new Error("it does not exist"));
  const deadline = Date.now() + timeoutMs;
  let asked: number | null = null;
  for (let holder = findHolder(folder); holder !== null; holder = findHolder(folder)) {
    const { pid } = holder;
    if (Date.now() > deadline) throw stillThere(folder, pid);
    // Another one that has taken the folder since is not the one that was to be stopped.
    if (asked !== null && pid !== undefined && pid !== asked) break;
    if (asked === null && pid !== undefined) {
      askToEnd(pid);
      asked = pid;
    }
    await delay(pollMs);
  }
  return asked;
}

function askToEnd(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    if (systemCode(error) === "ESRCH") return; // It has just ended by itself.
    throw new ServeError(
      "folder_in_use",
      `Process ${pid} belongs to somebody else. Stop it as that user.`,
      { pid },
      error,
    );
  }
}

function stillThere(dir: string, pid: number | undefined): ServeError {
  const who = pid === undefined ? "Another process" : `Process ${pid}`;
  return new ServeError(
    "folder_in_use",
    `${who} still serves ${dir}. Look at what it does, or kill it.`,
    pid === undefined ? {} : { pid },
  );
}
