import * as z from "zod/mini";
import { parseJson } from "../../protocol/json.ts";
import { defaultLimits } from "../../protocol/limits.ts";

const requestId = z.string().check(z.minLength(1), z.maxLength(128));
const frameSchema = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("send"), requestId, id: z.string() }),
  z.looseObject({ type: z.literal("resume"), requestId, id: z.string() }),
  z.looseObject({ type: z.literal("abort"), requestId }),
]);

/** What the AI SDK's `WebSocketChatTransport` says. */
export type ChatFrame = z.infer<typeof frameSchema>;

/** @returns null for what is none */
export function readChatFrame(data: string | ArrayBuffer): ChatFrame | null {
  if (typeof data !== "string") return null;
  try {
    const { maxFrameChars, maxDepth } = defaultLimits;
    const { success, data: frame } = frameSchema.safeParse(
      parseJson(data, { maxChars: maxFrameChars, maxDepth }, "frame"),
    );
    return success ? frame : null;
  } catch {
    return null;
  }
}
