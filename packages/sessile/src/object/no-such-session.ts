import type { Kernel } from "../kernel/index.ts";
import { mayAccess } from "../protocol/access.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";

/** Also what is told of a session that somebody may not see. */
export function noSuchSession(): SessileError {
  return new SessileError("not_found", "There is no such session.");
}

/**
 * Why an owned session is not there for this caller: it is somebody else's, or nobody's and this is no way to make it. The
 * answers are alike, so that nobody learns which names are taken by reading.
 */
export function absenceOf(kernel: Kernel, actor: Actor | null, mayCreate: boolean): SessileError | null {
  if (kernel.definition.access !== "owned") return null;
  const isVisible = kernel.exists
    ? mayAccess(kernel.view.access, actor?.id, "read")
    : mayCreate && actor !== null;
  return isVisible ? null : noSuchSession();
}
