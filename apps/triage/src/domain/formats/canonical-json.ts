/**
 * JSON with sorted keys and no white space: equal records give equal text whatever their key order and layout.
 * Integers beyond 2^53 keep their digits (Windows keyword masks and 64-bit flow ids use them): as doubles, two different records
 * could become equal and one of them would be dropped as a duplicate.
 */
export function canonicalJson(raw: string, value: unknown): string {
  return write(longDigits.test(raw) ? parseExactly(raw) : value);
}

const longDigits = /\d{16}/;
/** No parsed string of the record is mistaken for it: every ordinary string is written quoted, this one is not. */
class ExactNumber {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
}

/** The reviver's third argument: ECMAScript proposal "JSON.parse source text access", in V8 since 11.4. */
interface ReviverContext {
  readonly source?: string;
}

function parseExactly(raw: string): unknown {
  const reviver = (_key: string, value: unknown, context?: ReviverContext): unknown => {
    const source = context?.source;
    const inexact = typeof value === "number" && !Number.isSafeInteger(value);
    return inexact && source !== undefined && /^-?\d+$/.test(source) ? new ExactNumber(source) : value;
  };
  return JSON.parse(raw, reviver);
}

function write(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (value instanceof ExactNumber) return value.digits;
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`).join(",")}}`;
}
