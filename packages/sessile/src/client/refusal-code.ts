import { closeCodes, type SessileError } from "../protocol/index.ts";

/** The close code a socket would have been refused with. */
export function closeCodeOf({ code, retryable }: SessileError): number {
  if (retryable || code === "internal") return closeCodes.restart;
  if (code === "unauthenticated") return closeCodes.unauthenticated;
  if (code === "forbidden") return closeCodes.forbidden;
  return code === "not_found" ? closeCodes.notFound : closeCodes.protocolError;
}
