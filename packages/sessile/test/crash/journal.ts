import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

/** One acknowledgement as the load driver got it. */
export interface Acknowledged {
  /** Client event id. */
  readonly id: string;
  /** Null for a method call, whose caller gets its result instead. */
  readonly seq: number | null;
  readonly result: number | null;
}

/**
 * What was promised: a file outside the server's folder, written before anything else is done with the acknowledgement. The
 * check at the end reads it back, so that it cannot rest on what the driver merely remembers.
 */
export class Journal {
  readonly #path: string;
  readonly #file: number;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "a");
  }

  write(acknowledged: Acknowledged): void {
    writeSync(this.#file, `${JSON.stringify(acknowledged)}\n`);
  }

  read(): Acknowledged[] {
    return readFileSync(this.#path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Acknowledged);
  }

  close(): void {
    closeSync(this.#file);
  }
}
