import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { folderFailure } from "./data-folder.ts";
import { ServeError } from "./serve-error.ts";

export interface FolderLock {
  release(): void;
}

/** The process that serves a data folder. */
export interface FolderHolder {
  /** Undefined in the moment before it has said so. */
  readonly pid: number | undefined;
}

/**
 * Takes the data folder for this process, or refuses.
 *
 * The lock is SQLite's own exclusive lock on an empty database file, so the kernel holds it and drops it when the
 * process dies, however it dies. There is nothing to go stale and no pid to be mistaken for another's; `holder.json`
 * only serves the message. POSIX lets go of it when this process closes any other handle on `lock`: nothing else
 * may open that file.
 *
 * @throws ServeError `folder_in_use`, with the holder's pid, or `folder_not_writable`
 */
export function lockFolder(dir: string): FolderLock {
  const database = openLock(dir);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw folderFailure(dir, error);
    const pid = readHolder(dir);
    const who = pid === undefined ? "another process" : `process ${pid}`;
    throw new ServeError(
      "folder_in_use",
      `The data folder ${dir} is in use by ${who}. Stop that server, or choose another folder with --dir.`,
      pid === undefined ? {} : { pid },
      error,
    );
  }
  writeHolder(dir);
  return {
    release() {
      if (!database.isOpen) return;
      rmSync(join(dir, "holder.json"), { force: true });
      database.close();
    },
  };
}

/**
 * Who serves the folder, asked of the lock itself; null: nobody. Not for the process that serves it, which would lose its lock.
 *
 * @throws ServeError `folder_not_writable`
 */
export function findHolder(dir: string): FolderHolder | null {
  if (!existsSync(join(dir, "lock"))) return null;
  const database = openLock(dir);
  try {
    database.exec("BEGIN EXCLUSIVE");
    return null;
  } catch (error) {
    if (!isBusy(error)) throw folderFailure(dir, error);
    return { pid: readHolder(dir) };
  } finally {
    database.close();
  }
}

function openLock(dir: string): DatabaseSync {
  try {
    return new DatabaseSync(join(dir, "lock"), { timeout: 0 });
  } catch (error) {
    throw folderFailure(dir, error);
  }
}

const sqliteBusy = 5;

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === sqliteBusy;
}

function writeHolder(dir: string): void {
  const next = join(dir, "holder.json.next");
  writeFileSync(next, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`);
  renameSync(next, join(dir, "holder.json"));
}

function readHolder(dir: string): number | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(join(dir, "holder.json"), "utf8"));
    if (typeof holder !== "object" || holder === null || !("pid" in holder)) return undefined;
    return typeof holder.pid === "number" ? holder.pid : undefined;
  } catch {
    return undefined; // Between a holder's lock and its note there is none to read.
  }
}
