import { SessileError } from "../protocol/error.ts";

/** Where a read begins: a position, or wherever the stream ends when the read arrives. */
export type ReadFrom = number | "tail";

const digits = 16;
/** The part before the separator is free for a second order above the first; streams of ours have one. */
const lead = "0".repeat(digits);
const form = new RegExp(`^${lead}_([0-9]{${digits}})$`);

/** The token that stands for a number of chunks; tokens sort as text in the order of their numbers. */
export function formatOffset(offset: number): string {
  return `${lead}_${String(offset).padStart(digits, "0")}`;
}

/** @returns null if it is no token of ours */
export function parseOffset(token: string): number | null {
  const match = form.exec(token);
  const offset = match ? Number(match[1]) : Number.NaN;
  return Number.isSafeInteger(offset) ? offset : null;
}

/** `offset` of a read: absent or `-1` is the beginning, `now` the tail. @throws SessileError `bad_request` */
export function readFrom(values: readonly string[]): ReadFrom {
  const [value, ...more] = values;
  if (value === undefined || value === "-1") return assertSingle(more, 0);
  if (value === "now") return assertSingle<ReadFrom>(more, "tail");
  const offset = parseOffset(value);
  if (offset === null)
    throw new SessileError(
      "bad_request",
      "offset is -1, now, or what an answer gave as Stream-Next-Offset.",
      {
        field: "offset",
      },
    );
  return assertSingle(more, offset);
}

function assertSingle<T>(more: readonly string[], value: T): T {
  if (more.length === 0) return value;
  throw new SessileError("bad_request", "Name one offset.", { field: "offset" });
}
