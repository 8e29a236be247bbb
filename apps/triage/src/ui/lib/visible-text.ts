/** Controls and format characters, by Unicode's own classes. */
const hidden = /[\p{Cc}\p{Cf}]/gu;
/** Tab, line ends, and the joiners that words and emoji need. */
const kept = new Set(["\t", "\n", "\r", "\u200c", "\u200d"]);

/**
 * The text with characters spelled out that show nothing themselves and change how what stands around them is read, such as
 * overrides of direction and spaces of no width, so that one file name cannot pose as another.
 */
export function visibleText(text: string): string {
  return text.replace(hidden, (char) =>
    kept.has(char) ? char : `‹U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}›`,
  );
}
