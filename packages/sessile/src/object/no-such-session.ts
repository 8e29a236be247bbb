import { SessileError } from "../protocol/error.ts";

/** Also what is told of a session that somebody may not see. */
export function noSuchSession(): SessileError {
  return new SessileError("not_found", "There is no such session.");
}
