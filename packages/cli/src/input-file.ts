import { createReadStream, fstatSync, openSync, type ReadStream } from "node:fs";
import { UsageError } from "./usage-error.ts";

/** A file to read, or a pipe by its name. @throws UsageError if it is not there or cannot be read */
export function openInput(file: string): ReadStream {
  const descriptor = open(file);
  if (fstatSync(descriptor).isDirectory()) throw new UsageError(`${file} is a folder, not a file.`);
  return createReadStream(file, { fd: descriptor });
}

function open(file: string): number {
  try {
    return openSync(file, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === "ENOENT" ? `There is no file ${file}.` : `${file} cannot be read (${code}).`,
    );
  }
}
