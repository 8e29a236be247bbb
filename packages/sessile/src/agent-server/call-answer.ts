import * as z from "zod/mini";
import type { Json } from "../protocol/index.ts";
import type { CallAnswer } from "./agent-runtime.ts";
import { parsed } from "./body.ts";

/** How long it may be says who keeps it. */
const json = z.custom<Json>((value) => value !== undefined);
const text = z.string().check(z.maxLength(8192));
const call = {
  callId: z.string().check(z.minLength(1), z.maxLength(256)),
  /** What the answerer was shown. */
  argumentsHash: z.optional(z.string().check(z.maxLength(64))),
};
const answerBody = z.strictObject({
  ...call,
  /** An option, or answers by question. */
  answer: json,
  arguments: z.optional(json),
  comment: z.optional(text),
});
const resultBody = z.strictObject({ ...call, result: json });
const errorBody = z.strictObject({ ...call, error: text.check(z.minLength(1)) });

/**
 * An answer as it is sent, as gates take it. Whether it fits what waits is theirs to say.
 *
 * @throws SessileError `bad_request` naming the field
 */
export function callAnswerOf(body: {
  readonly [key: string]: Json;
}): CallAnswer & { readonly callId: string } {
  if (Object.hasOwn(body, "result")) return { answer: "result", ...parsed(resultBody, body) };
  if (Object.hasOwn(body, "error")) {
    const { error: comment, ...rest } = parsed(errorBody, body);
    return { ...rest, answer: "error", comment };
  }
  const { answer, ...rest } = parsed(answerBody, body);
  return typeof answer === "string" ? { ...rest, answer } : { ...rest, answer: "answer", result: answer };
}
