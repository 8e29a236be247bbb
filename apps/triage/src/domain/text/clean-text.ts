/**
 * Alert text is written by whoever is attacking: control characters, bidirectional overrides, zero-width and tag
 * characters can make a title read as something else (Unicode TR36 §2.10, CVE-2021-42574). Category C of Unicode covers them all.
 */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u115F\u1160\u3164\uFFA0]+/gu;
const printableAscii = /^[\x20-\x7e]*$/;

/** One line of visible text of at most `maxLength` UTF-16 units; a cut ends in "…". */
export function cleanText(text: string, maxLength = 200): string {
  // Cut first so that a megabyte of hostile text costs no more than a page of it.
  const head = text.length > maxLength * 4 ? text.slice(0, maxLength * 4) : text;
  const visible = printableAscii.test(head) ? head : head.replace(hidden, " ");
  const line = visible.replace(/\s+/g, " ").trim();
  if (line.length <= maxLength && head.length === text.length) return line;
  return `${withoutHalfPair(line.slice(0, maxLength - 1))}…`;
}

/** The part of `text` around `match`, cleaned: what a citation shows. */
export function excerptAround(text: string, match: string, maxLength = 300): string {
  const at = text.toLowerCase().indexOf(match.toLowerCase());
  if (at < 0 || text.length <= maxLength) return cleanText(text, maxLength);
  const start = Math.max(0, Math.min(at - 60, text.length - maxLength));
  const head = start > 0 ? "…" : "";
  return cleanText(head + text.slice(start), maxLength);
}

function withoutHalfPair(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}
