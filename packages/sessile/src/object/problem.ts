import type { SessileError } from "../protocol/error.ts";

/** RFC 9457 problem details, with the fields a program branches on. */
export function problemOf(error: SessileError, requestId: string = crypto.randomUUID()): Response {
  const { code, message, ...details } = error.toWire();
  const { status } = error;
  const headers = new Headers({
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  const retryAfter = details.retryAfterMs === undefined ? undefined : Math.ceil(details.retryAfterMs / 1000);
  if (retryAfter !== undefined) headers.set("retry-after", String(retryAfter));
  const body = {
    type: `https://sessile.dev/problems/${code}`,
    title: titleOf(code),
    status,
    detail: message,
    code,
    requestId,
    ...details,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
  return new Response(JSON.stringify(body), { status, headers });
}

function titleOf(code: string): string {
  const words = code.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
