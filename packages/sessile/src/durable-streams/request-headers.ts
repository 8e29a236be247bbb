import type { ForkOrigin, Lifetime } from "../protocol/durable-stream.ts";
import { SessileError } from "../protocol/error.ts";
import type { StreamProducer } from "../protocol/stream.ts";
import { parseOffset } from "./offset.ts";

/** Largest safe integer has 16 digits. */
const maxDigits = 16;

/** Counts only when it says `true`; anything else is no closing, and no error either. */
export function isClosing(headers: Headers): boolean {
  return headers.get("stream-closed")?.toLowerCase() === "true";
}

/** @throws SessileError `bad_request` */
export function lifetimeOf(headers: Headers): Lifetime | null {
  const ttl = headers.get("stream-ttl");
  const expiresAt = headers.get("stream-expires-at");
  if (ttl !== null && expiresAt !== null)
    throw bad("stream-expires-at", "Give a stream Stream-TTL or Stream-Expires-At, not both.");
  if (ttl !== null) {
    const ttlSeconds = /^(0|[1-9][0-9]{0,11})$/.test(ttl) ? Number(ttl) : Number.NaN;
    if (Number.isNaN(ttlSeconds)) throw bad("stream-ttl", "Stream-TTL is a whole number of seconds.");
    return { ttlSeconds };
  }
  if (expiresAt === null) return null;
  const at = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(expiresAt)
    ? Date.parse(expiresAt)
    : Number.NaN;
  if (Number.isNaN(at)) throw bad("stream-expires-at", "Stream-Expires-At is an RFC 3339 time.");
  return { expiresAt: at };
}

/** Either none of the producer's headers or all of them. @throws SessileError `bad_request` */
export function producerOf(headers: Headers): StreamProducer | undefined {
  const id = headers.get("producer-id");
  const epoch = headers.get("producer-epoch");
  const seq = headers.get("producer-seq");
  if (id === null && epoch === null && seq === null) return undefined;
  if (id === null || epoch === null || seq === null)
    throw bad("producer-id", "Producer-Id, Producer-Epoch and Producer-Seq go together.");
  if (id === "" || id.length > 256) throw bad("producer-id", "Producer-Id has 1 to 256 characters.");
  return { id, epoch: integer(epoch, "producer-epoch"), seq: integer(seq, "producer-seq") };
}

/**
 * @param nameOf the stream's name in a path of this server; null for an address of anything else
 * @throws SessileError `bad_request`, `not_found`
 */
export function forkOf(headers: Headers, nameOf: (path: string) => string | null): ForkOrigin | null {
  const path = headers.get("stream-forked-from");
  const offsetToken = headers.get("stream-fork-offset");
  const subOffsetText = headers.get("stream-fork-sub-offset");
  if (path === null) {
    if (offsetToken !== null || subOffsetText !== null)
      throw bad("stream-forked-from", "Name the stream to fork in Stream-Forked-From.");
    return null;
  }
  const source = nameOf(path);
  if (source === null)
    throw new SessileError("not_found", "There is no stream to fork at this address.", {
      field: "stream-forked-from",
    });
  const subOffset = subOffsetText === null ? 0 : integer(subOffsetText, "stream-fork-sub-offset");
  if (offsetToken === null) {
    if (subOffset > 0)
      throw bad("stream-fork-sub-offset", "Stream-Fork-Sub-Offset counts from a Stream-Fork-Offset.");
    return { source, subOffset };
  }
  const offset = parseOffset(offsetToken);
  if (offset === null)
    throw bad("stream-fork-offset", "Stream-Fork-Offset is what an answer gave as Stream-Next-Offset.");
  return { source, offset, subOffset };
}

function integer(text: string, field: string): number {
  const value = /^(0|[1-9][0-9]*)$/.test(text) && text.length <= maxDigits ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw bad(field, `${field} is a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`);
}

function bad(field: string, message: string): SessileError {
  return new SessileError("bad_request", message, { field });
}
