/**
 * Characters that show nothing themselves and change how what stands around them is read: control characters, marks and
 * overrides of direction, spaces of no width. Tab and line ends stay; so do joiners, which words and emoji need.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const hidden =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** The text with such characters spelled out, so that a file name cannot pose as another. */
export function visibleText(text: string): string {
  return text.replace(
    hidden,
    (char) => `‹U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}›`,
  );
}
