import { SessileError } from "../protocol/index.ts";
import type { CloseReason } from "./connection-state.ts";

/** Why nothing comes of what was asked of a client that is closed. */
export function closeError(reason: CloseReason): SessileError {
  if (reason.kind === "refused") return reason.error;
  return new SessileError(
    "unavailable",
    "The client was closed before an answer came, so the outcome is not known here.",
  );
}
