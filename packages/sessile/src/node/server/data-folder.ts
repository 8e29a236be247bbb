import { randomBytes } from "node:crypto";
import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { ServeError, systemCode } from "./serve-error.ts";

/** Where things lie in a data folder. */
export interface DataFolder {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Databases of objects and D1. */
  readonly data: string;
  /** What concerns the running server only; emptied at every start. */
  readonly run: string;
}

/**
 * Creates the folder when missing, readable by its owner alone, and checks that it can be written.
 *
 * @throws ServeError `folder_not_writable`
 */
export function openDataFolder(dir: string): DataFolder {
  const wanted = resolve(dir);
  try {
    mkdirSync(wanted, { recursive: true, mode: 0o700 });
    const path = realpathSync(wanted);
    if (!statSync(path).isDirectory()) throw new Error("it is not a folder");
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return { path, data: join(path, "data"), run: join(path, "run") };
  } catch (error) {
    throw folderFailure(wanted, error);
  }
}

/** A failure to read or write in the folder, with the way out. */
export function folderFailure(dir: string, error: unknown): ServeError {
  return new ServeError(
    "folder_not_writable",
    `The data folder ${dir} cannot be used (${reason(error)}). Make it writable, or choose another with --dir.`,
    {},
    error,
  );
}

function reason(error: unknown): string {
  switch (systemCode(error)) {
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EROFS":
      return "the file system is read-only";
    case "ENOSPC":
      return "the disk is full";
    case "ENOTDIR":
    case "EEXIST":
      return "it is not a folder";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** Empties `run`; a killed server leaves its scratch files there. Only for the holder of the lock. */
export function emptyRunFolder(folder: DataFolder): void {
  rmSync(folder.run, { recursive: true, force: true });
  mkdirSync(folder.run, { mode: 0o700 });
  mkdirSync(folder.data, { recursive: true, mode: 0o700 });
}

const secretBytes = 32;

/** What signs cookies, and what its operator is known by. */
export type SecretName = "secret" | "operator";

/** A secret of the folder: 32 random bytes as base64url, made once and kept, mode 0600. */
export function keepSecret(folder: DataFolder, name: SecretName): string {
  const file = join(folder.path, name);
  const known = readSecret(file);
  if (known !== undefined) return known;
  const secret = randomBytes(secretBytes).toString("base64url");
  writeFileSync(`${file}.next`, `${secret}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.next`, file);
  return secret;
}

function readSecret(file: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw new ServeError(
      "folder_not_writable",
      `The secret ${file} cannot be read (${reason(error)}).`,
      {},
      error,
    );
  }
  if (Buffer.from(text, "base64url").length !== secretBytes) {
    throw new ServeError(
      "bad_option",
      `${file} does not hold ${secretBytes} bytes as base64url. Restore it, or delete it for a new one.`,
    );
  }
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new ServeError("bad_option", `${file} can be read by other users. Run: chmod 600 ${file}`);
  }
  return text;
}
