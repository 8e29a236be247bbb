import { SessileError } from "../protocol/error.ts";
import { parseOffset } from "../protocol/stream-offset.ts";

export { formatOffset, parseOffset } from "../protocol/stream-offset.ts";

/** Where a read begins: a position, or wherever the stream ends when the read arrives. */
export type ReadFrom = number | "tail";

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
