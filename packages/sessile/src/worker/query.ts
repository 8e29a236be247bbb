import { SessileError } from "../protocol/error.ts";

/** A whole number from a query or header. @throws SessileError `bad_request` naming the field and its range */
export function integerParam(
  text: string | undefined,
  field: string,
  whenAbsent: number,
  min: number,
  max: number,
): number {
  if (text === undefined || text === "") return whenAbsent;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new SessileError("bad_request", `${field} is a whole number from ${min} to ${max}.`, { field });
}
