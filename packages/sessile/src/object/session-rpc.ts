import { SessileError } from "../protocol/error.ts";
import type { SessionCaller, SessionReplies, SessionReply, SessionRequest } from "../protocol/request.ts";

/** What is called of a session's object. */
export interface SessionObject {
  handleSessionRequest(request: SessionRequest, caller: SessionCaller): Promise<SessionReply>;
}

const attempts = 3;

/**
 * Asks a session, and again after a passing fault, which is safe because commands carry ids.
 *
 * @param open a fresh stub for every try: one whose object has failed stays broken (Cloudflare, "Error handling", read 2026-11)
 * @throws SessileError as the session threw it, or `unavailable` or `overloaded`
 */
export async function askSession<Op extends SessionRequest["op"]>(
  open: () => SessionObject,
  request: SessionRequest & { readonly op: Op },
  caller: SessionCaller,
): Promise<SessionReplies[Op]> {
  const tries = mayRepeat(request) ? attempts : 1;
  const reply = (await translated(async () => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await open().handleSessionRequest(request, caller);
      } catch (thrown) {
        if (attempt === tries || !isPassing(thrown)) throw thrown;
        await scheduler.wait(50 * 2 ** attempt * (0.5 + Math.random() / 2));
      }
    }
  })) as SessionReply<Op>;
  if (!reply.ok) throw SessileError.fromWire(reply.error);
  return reply.value;
}

/** Runs something that needs a session's object, and says in our words why it could not. @throws SessileError */
export async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof SessileError) throw thrown;
    const overloaded = isFlagged(thrown, "overloaded");
    throw new SessileError(
      overloaded ? "overloaded" : "unavailable",
      overloaded
        ? "This session is overloaded. Try again shortly."
        : "This session cannot be reached or cannot store anything right now. Nothing was half-written; try again shortly.",
      { retryAfterMs: 1000 },
      { cause: thrown },
    );
  }
}

/** Chunks of a request that is not numbered would be there twice. */
function mayRepeat(request: SessionRequest): boolean {
  if (request.op !== "stream") return true;
  const { action } = request;
  if (action.do === "append") return action.producer !== undefined;
  if (action.do === "post") return action.data === null || action.producer !== undefined;
  return action.do !== "close" || action.append === undefined || action.producer !== undefined;
}

/** Only what the platform marks as retryable, and never an overload, which retries would feed. */
function isPassing(thrown: unknown): boolean {
  return isFlagged(thrown, "retryable") && !isFlagged(thrown, "overloaded");
}

function isFlagged(thrown: unknown, flag: "retryable" | "overloaded"): boolean {
  return (
    thrown !== null &&
    typeof thrown === "object" &&
    (thrown as { readonly [key: string]: unknown })[flag] === true
  );
}
