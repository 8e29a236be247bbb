export { storableText } from "../protocol/index.ts";

/** Bytes of a text in UTF-8, which is what D1's limits count. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair counts 2 here, which makes the 4 bytes of the character.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

/** Cuts a text into pieces of at most `maxBytes` (≥ 4) UTF-8 bytes, never inside a character, so that joining them gives the text. */
export function splitByBytes(text: string, maxBytes: number): string[] {
  const pieces: string[] = [];
  let from = 0;
  let bytes = 0;
  for (let index = 0; index < text.length; ) {
    const point = text.codePointAt(index) as number;
    const width = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (bytes + width > maxBytes) {
      pieces.push(text.slice(from, index));
      from = index;
      bytes = 0;
    }
    bytes += width;
    index += point < 0x10000 ? 1 : 2;
  }
  pieces.push(text.slice(from));
  return pieces;
}

/** Order of two texts by code point: SQLite's BINARY collation, which differs from JavaScript's `<` above U+FFFF. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    const aHigh = a >= 0xd800 && a <= 0xdfff;
    const bHigh = b >= 0xd800 && b <= 0xdfff;
    return aHigh === bHigh ? a - b : aHigh ? 1 : -1;
  }
  return left.length - right.length;
}
