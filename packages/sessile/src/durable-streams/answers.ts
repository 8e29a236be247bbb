import type { Lifetime, StreamHead } from "../protocol/durable-stream.ts";
import { SessileError } from "../protocol/error.ts";
import { formatOffset } from "./offset.ts";

/** What a page of another site may read of an answer, beside what browsers always show. */
const exposedHeaders = [
  "ETag",
  "Location",
  "Retry-After",
  "Stream-Next-Offset",
  "Stream-Cursor",
  "Stream-Up-To-Date",
  "Stream-Closed",
  "Stream-Error",
  "Stream-TTL",
  "Stream-Expires-At",
  "Stream-SSE-Data-Encoding",
  "Producer-Epoch",
  "Producer-Seq",
  "Producer-Expected-Seq",
  "Producer-Received-Seq",
].join(", ");

const acceptedHeaders = [
  "Authorization",
  "Content-Type",
  "If-None-Match",
  "Producer-Id",
  "Producer-Epoch",
  "Producer-Seq",
  "Stream-Seq",
  "Stream-TTL",
  "Stream-Expires-At",
  "Stream-Closed",
  "Stream-Forked-From",
  "Stream-Fork-Offset",
  "Stream-Fork-Sub-Offset",
].join(", ");

/** An answer whose headers are made all at once: one by one they cost more than the rest of an append's. */
export interface Reply {
  /** Default 200. */
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: BodyInit | null;
}

/** Every answer, errors included: no browser guesses its type, and no page of a site that is not allowed gets it. */
export function responseOf(
  { status = 200, headers, body = null }: Reply,
  allowedOrigin: string | null,
): Response {
  return new Response(body, {
    status,
    headers: { "cache-control": "no-store", ...headers, ...browserHeaders(allowedOrigin) },
  });
}

function browserHeaders(allowedOrigin: string | null): Record<string, string> {
  const always = {
    "x-content-type-options": "nosniff",
    "access-control-expose-headers": exposedHeaders,
  };
  if (allowedOrigin === null) return { ...always, "cross-origin-resource-policy": "same-origin" };
  return {
    ...always,
    "cross-origin-resource-policy": "cross-origin",
    "access-control-allow-origin": allowedOrigin,
    "access-control-allow-credentials": "true",
    vary: "Origin",
  };
}

export function preflightReply(): Reply {
  return {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, HEAD, PUT, POST, DELETE, OPTIONS",
      "access-control-allow-headers": acceptedHeaders,
      "access-control-max-age": "86400",
    },
  };
}

/** Where a stream stands, in the headers that creating, appending and asking for it share. */
export function headHeaders(
  head: Pick<StreamHead, "tail" | "closed"> & Partial<Pick<StreamHead, "error">>,
): Record<string, string> {
  return { "stream-next-offset": formatOffset(head.tail), ...closedHeaders(head) };
}

/** The protocol knows no failure: what failed is closed, and a header of ours says so. */
export function closedHeaders({
  closed,
  error = null,
}: Pick<StreamHead, "closed"> & Partial<Pick<StreamHead, "error">>): Record<string, string> {
  if (!closed) return {};
  return { "stream-closed": "true", ...(error ? { "stream-error": error.code } : {}) };
}

export function lifetimeHeaders(lifetime: Lifetime | null): Record<string, string> {
  if (lifetime === null) return {};
  return "ttlSeconds" in lifetime
    ? { "stream-ttl": String(lifetime.ttlSeconds) }
    : { "stream-expires-at": new Date(lifetime.expiresAt).toISOString() };
}

/** What the protocol wants in the headers of a refusal, and the status where it differs from ours. */
export function refusalOf(thrown: unknown): {
  readonly status?: number;
  readonly headers: Record<string, string>;
} {
  const { code, details } = SessileError.from(thrown);
  const { field, currentVersion } = details;
  if (currentVersion === undefined) return { headers: {} };
  if (code === "not_writable") return { headers: headHeaders({ tail: currentVersion, closed: true }) };
  if (code === "fenced") return { status: 403, headers: { "producer-epoch": String(currentVersion) } };
  if (code === "conflict" && field === "producer.seq")
    return { headers: { "producer-expected-seq": String(currentVersion) } };
  return { headers: {} };
}
