import type * as z from "zod/mini";
import { type Json, SessileError, safeParse } from "../protocol/index.ts";

/** @throws SessileError `bad_request` naming the field */
export function parsed<Schema extends z.ZodMiniType>(schema: Schema, value: Json): z.output<Schema> {
  const { success, data, issue } = safeParse(schema, value);
  if (success) return data;
  const field = issue?.path.join(".") || "body";
  throw new SessileError("bad_request", `${field}: ${issue?.message ?? "not understood"}.`, { field });
}
