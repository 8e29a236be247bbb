import { SessileError, type WireError } from "../protocol/error.ts";

/** The address is known and takes other methods, which the answer names (RFC 9110, section 15.5.6). */
export class MethodNotAllowed extends SessileError {
  readonly allow: string;

  constructor(methods: readonly string[]) {
    const allow = methods.join(", ");
    super("method_not_allowed", `This address takes ${allow}.`);
    this.allow = allow;
  }
}

/** RFC 9457 problem details, with the fields a program branches on. */
export function problemResponse(thrown: unknown, requestId: string): Response {
  const error = SessileError.from(thrown);
  const response = problemOf(error.toWire(), error.status, requestId);
  if (error instanceof MethodNotAllowed) response.headers.set("allow", error.allow);
  return response;
}

function problemOf(error: WireError, status: number, requestId: string): Response {
  const { code, message, ...details } = error;
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
