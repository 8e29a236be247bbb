import { ExactNumber } from "./exact-json.ts";

const maxFields = 300;
const maxFieldChars = 16_384;
const maxListItems = 20;

/**
 * The scalar values of a record by dotted path; a list of scalars is one value. Bounded, because the sender decides the shape.
 * `refused` names a key that must not travel further.
 */
export function flatten(record: object): { fields: Record<string, string>; refused?: string } {
  const fields: Record<string, string> = {};
  const refused = walk(record, "", fields, { count: 0 });
  return refused === undefined ? { fields } : { fields, refused };
}

function walk(
  node: object,
  prefix: string,
  fields: Record<string, string>,
  seen: { count: number },
): string | undefined {
  for (const [key, value] of Object.entries(node)) {
    // JSON.parse makes `__proto__` an own property; copying such an object later would set a prototype.
    if (key === "__proto__") return key;
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (typeof value === "object" && value !== null && !(value instanceof ExactNumber)) {
      const scalars =
        Array.isArray(value) &&
        value.every((item) => typeof item !== "object" || item instanceof ExactNumber);
      if (scalars) keep(fields, seen, path, value.slice(0, maxListItems).join(", "));
      else {
        const refused = walk(value, path, fields, seen);
        if (refused !== undefined) return refused;
      }
    } else if (value !== null && value !== undefined) keep(fields, seen, path, String(value));
  }
  return undefined;
}

function keep(fields: Record<string, string>, seen: { count: number }, path: string, value: string): void {
  if (seen.count >= maxFields || value === "") return;
  seen.count++;
  fields[path] = value.length > maxFieldChars ? value.slice(0, maxFieldChars) : value;
}
