import { ExactNumber } from "./exact-json.ts";

/**
 * JSON with sorted keys and no white space: equal records give equal text whatever their key order and layout. Of a value with
 * `ExactNumber`s: as doubles, two different records could become equal and one of them would be dropped as a duplicate.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (value instanceof ExactNumber) return value.digits;
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(",")}}`;
}
