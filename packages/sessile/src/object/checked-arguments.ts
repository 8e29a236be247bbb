import { SessileError } from "../protocol/error.ts";
import type { SchemaIssue, StandardSchema } from "../protocol/standard-schema.ts";

/**
 * Arguments as a schema of their list has them.
 *
 * @throws SessileError `bad_request`, naming the argument
 */
export function checkedArguments<Taken>(
  schema: StandardSchema<unknown, Taken>,
  args: readonly unknown[],
): Taken {
  const validated = schema["~standard"].validate(args);
  // Whether a call is in order is settled inside its commit.
  if (validated instanceof Promise)
    throw new Error("The schema of a method's arguments must be synchronous.");
  if (!validated.issues) return validated.value;
  const [issue] = validated.issues;
  const field = issue ? fieldOf(issue) : "args";
  throw new SessileError("bad_request", `${field}: ${issue?.message ?? "not what this method takes"}`, {
    field,
  });
}

/** `args[0].text` */
function fieldOf({ path = [] }: SchemaIssue): string {
  const keys = path.map((part) => (typeof part === "object" ? part.key : part));
  return `args${keys.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("")}`;
}
