import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Held from when it is taken until it is released, or its process is gone. */
export interface LifeLock {
  /** The file goes too: no one else is to wait for it. */
  release(): void;
}

const sqliteBusy = 5;
/** By then whoever made the file has locked it. */
const lockedWithinMs = 60_000;

/**
 * SQLite's own exclusive lock on an empty database: the operating system drops it when the process dies, however it dies, so
 * there is no time after which an owner is given up, and no clock to be wrong. Null: somebody has it.
 */
export function takeLifeLock(path: string): LifeLock | null {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Or there would be a second file.
    database.exec("PRAGMA journal_mode = MEMORY");
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof Error && "errcode" in error && error.errcode === sqliteBusy) return null;
    throw error;
  }
  // Taken away by whoever had it before: a lock on what has no name keeps nobody out.
  if (!existsSync(path)) {
    database.close();
    return null;
  }
  return {
    release: () => {
      if (!database.isOpen) return;
      rmSync(path, { force: true });
      database.close();
    },
  };
}

/** Takes away the files of processes that are gone. */
export function sweepLifeLocks(prefix: string): void {
  const folder = dirname(prefix);
  for (const name of readdirSync(folder).filter((each) => each.startsWith(basename(prefix)))) {
    const path = join(folder, name);
    const madeAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (madeAt !== undefined && Date.now() - madeAt > lockedWithinMs) takeLifeLock(path)?.release();
  }
}
