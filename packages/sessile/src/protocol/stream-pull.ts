import { SessileError } from "./error.ts";
import { type Json, parseJson } from "./json.ts";

/** What a reader of a stream's socket says when it has nothing to ask for. */
export const streamGreeting = '{"t":"hello"}';

/** @throws SessileError `bad_request` for anything but `{"t":"pull","offset":n}` */
export function pulledOffset(message: string | ArrayBuffer): number {
  const frame =
    typeof message === "string" ? parseJson(message, { maxChars: 256, maxDepth: 2 }, "frame") : null;
  const { t, offset } = (frame ?? {}) as { readonly t?: Json; readonly offset?: Json };
  if (t === "pull" && Number.isSafeInteger(offset) && (offset as number) >= 0) return offset as number;
  throw new SessileError(
    "bad_request",
    `A reader of a stream says nothing but ${streamGreeting} and {"t":"pull","offset":n}.`,
  );
}
