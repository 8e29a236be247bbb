import { SessileError } from "../protocol/error.ts";

/** @throws SessileError `bad_request` */
export function decodedName(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new SessileError("bad_request", "The name in this address is not encoded properly.", {
      field: "name",
    });
  }
}
