import * as z from "zod/mini";

/** What a schema made of a value, or its first complaint, if it could say one. */
export type Parsed<T> =
  | { readonly success: true; readonly data: T; readonly issue?: never }
  | { readonly success: false; readonly data?: never; readonly issue: z.core.$ZodIssue | undefined };

/**
 * Runs a schema on what came from outside, and never throws. Zod's own `safeParse` does: a bound on a text's length is held against
 * whatever has a `length`, and one that is an object with a `toString` of its own cannot be compared (zod 4.6, read 2026-11).
 */
export function safeParse<Schema extends z.core.$ZodType>(
  schema: Schema,
  value: unknown,
): Parsed<z.core.output<Schema>> {
  try {
    const { success, data, error } = z.core.safeParse(schema, value);
    return success ? { success, data } : { success, issue: error.issues[0] };
  } catch {
    return { success: false, issue: undefined };
  }
}
