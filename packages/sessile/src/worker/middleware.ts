import { SessileError } from "../protocol/error.ts";

/** What a middleware is asked about. */
export interface MiddlewareContext<Env = unknown> {
  readonly request: Request;
  readonly env: Env;
  /** Null in a list of all kinds. */
  readonly kind: string | null;
  /** Null where the address names no session: in lists, and where only the body does. */
  readonly name: string | null;
  /** What middleware tells those after it. It does not reach the session: hand on a request with a header for that. */
  readonly stash: Map<string, unknown>;
}

/** Hands on to what comes after, with another request if one is given. */
export type Next = (request?: Request) => Promise<Response>;

/** Answers a request itself, or returns what `next()` answers, changed or not. */
export type Middleware<Env = unknown> = (
  context: MiddlewareContext<Env>,
  next: Next,
) => Response | Promise<Response>;

/** Runs a chain, first one outermost, around `last`. */
export async function runMiddleware<Env>(
  chain: readonly Middleware<Env>[],
  context: MiddlewareContext<Env>,
  last: (request: Request) => Promise<Response>,
): Promise<Response> {
  const [middleware, ...rest] = chain;
  if (!middleware) return last(context.request);
  let called = false;
  const response = await middleware(context, (request = context.request) => {
    if (called) throw new TypeError("A middleware called next() twice.");
    called = true;
    return runMiddleware(rest, { ...context, request }, last);
  });
  if (response instanceof Response) return response;
  throw new TypeError("A middleware returned no Response: return next(), or an answer.");
}

/**
 * What a refusal of an upgrade becomes: a client of a socket cannot read a status, so it is told by a close code.
 *
 * @param status of a middleware's answer that opened no socket
 */
export function refusedUpgrade(status: number): SessileError {
  if (status === 401) return new SessileError("unauthenticated", "Say who you are first.");
  if (status === 404) return new SessileError("not_found", "There is nothing at this address.");
  if (status === 429 || status >= 500) return new SessileError("unavailable", "Try again later.");
  return new SessileError("forbidden", "You may not connect here.");
}
