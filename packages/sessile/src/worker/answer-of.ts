import { SessileError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";

/** What a method answered. An `Idempotency-Key` that was another command's brings that one's answer. @throws SessileError `conflict` */
export function answerOf<Answer extends object>(
  result: Json | undefined,
  field: keyof Answer & string,
): Answer {
  if (result !== null && typeof result === "object" && field in result) return result as Answer;
  throw new SessileError("conflict", "This Idempotency-Key was used for another command.", {
    field: "Idempotency-Key",
  });
}
