import * as z from "zod/mini";
import { parseWith } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import { maxPatternChars, maxToolChars, type SharedPolicy } from "../protocol/gate-policy.ts";
import type { Json } from "../protocol/json.ts";

const bodySchema = z.strictObject({
  kind: z.string(),
  scope: z.enum(["user", "kind"]),
  tool: z.string().check(z.minLength(1), z.maxLength(maxToolChars)),
  arguments: z.optional(
    z.record(
      z.string(),
      z.custom<Json>((value) => value !== undefined),
    ),
  ),
  argumentsHash: z.optional(z.string().check(z.maxLength(64))),
  /** Milliseconds since 1970. */
  expiresAt: z._default(z.nullable(z.number().check(z.int(), z.nonnegative())), null),
});

/** What a policy is made from, but for who makes it and when. @throws SessileError `bad_request`, `limit_exceeded` */
export function policyOf(body: {
  readonly [key: string]: Json;
}): Pick<SharedPolicy, "kind" | "scope" | "tool" | "arguments" | "argumentsHash" | "expiresAt"> {
  const { arguments: pattern, argumentsHash, ...rest } = parseWith(bodySchema, body, "body");
  if (pattern && JSON.stringify(pattern).length > maxPatternChars)
    throw new SessileError(
      "limit_exceeded",
      `The arguments of a policy are at most ${maxPatternChars} characters of JSON.`,
      { field: "arguments" },
    );
  return {
    ...rest,
    ...(pattern === undefined ? {} : { arguments: pattern }),
    ...(argumentsHash === undefined ? {} : { argumentsHash }),
  };
}
