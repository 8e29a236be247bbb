import { type Sql, textAt } from "./sql.ts";

/**
 * Text longer than one row may be: the head stays in its own row, the rest continues in `_sessile_continuation`.
 * The platform allows 2 MB a row and does not enforce it locally (an 8 MB value was accepted by workerd 1.20261117),
 * so the limit is kept here and tests count the rows.
 */
export function splitText(text: string, maxRowBytes: number): { head: string; tail: string[] } {
  // A UTF-16 unit is at most 3 bytes of UTF-8; text this short cannot be too long.
  if (text.length * 3 <= maxRowBytes) return { head: text, tail: [] };
  const parts: string[] = [];
  const step = Math.floor(maxRowBytes / 3);
  for (let from = 0; from < text.length; ) {
    let to = Math.min(text.length, from + step);
    // A surrogate pair cut in two would be stored as two replacement characters.
    if (to < text.length && isHighSurrogate(text.charCodeAt(to - 1))) to -= 1;
    parts.push(text.slice(from, to));
    from = to;
  }
  const [head = "", ...tail] = parts;
  return { head, tail };
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/** Replaces what `owner` had. Call inside the transaction that writes the head. */
export function writeContinuation(
  sql: Sql,
  owner: string,
  tail: readonly string[],
  mayHaveHad: boolean,
): void {
  if (mayHaveHad) sql.exec("DELETE FROM _sessile_continuation WHERE owner = ?", owner);
  for (const [part, body] of tail.entries()) {
    sql.exec("INSERT INTO _sessile_continuation VALUES (?, ?, ?)", owner, part, body);
  }
}

export function readContinuation(sql: Sql, owner: string): string {
  return sql
    .exec("SELECT body FROM _sessile_continuation WHERE owner = ? ORDER BY part", owner)
    .map((row) => textAt(row, "body"))
    .join("");
}
