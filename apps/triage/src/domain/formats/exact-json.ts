/** A whole number beyond 2^53 with the digits it was written with: Windows keyword masks and 64-bit flow ids are such. */
export class ExactNumber {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }

  toString(): string {
    return this.digits;
  }

  /** Written as it was read. ECMAScript proposal "JSON.parse source text access": where a reviver is told the source, `rawJSON` is there. */
  toJSON(): unknown {
    return (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON(this.digits);
  }
}

/** What a number beyond 2^53 has; most records have none and are parsed at full speed. */
const longDigits = /9\d{15}|\d{17}/;

/** The reviver's third argument, from the same proposal; in V8 since 11.4. */
interface ReviverContext {
  readonly source?: string;
}

/** JSON text as `JSON.parse` reads it, but with an `ExactNumber` where a double would have other digits. @throws SyntaxError */
export function parseExactly(raw: string): unknown {
  if (!longDigits.test(raw)) return JSON.parse(raw);
  const reviver = (_key: string, value: unknown, context?: ReviverContext): unknown => {
    const source = context?.source;
    const inexact = typeof value === "number" && !Number.isSafeInteger(value);
    return inexact && source !== undefined && /^-?\d+$/.test(source) ? new ExactNumber(source) : value;
  };
  return JSON.parse(raw, reviver);
}

/** The same for text that is parsed already. */
export function exactValue(raw: string, parsed: unknown): unknown {
  return longDigits.test(raw) ? parseExactly(raw) : parsed;
}
