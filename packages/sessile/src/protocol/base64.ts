import { SessileError } from "./error.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const letterValues = new Uint8Array(128).fill(255);
for (let value = 0; value < 64; value++) letterValues[alphabet.charCodeAt(value)] = value;

/** Base64 (RFC 4648, section 4), padded. Written out because ES2024 has none, and files are read wherever they lie. */
export function encodeBase64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length; from += 3) {
    const [first = 0, second, third] = [bytes[from], bytes[from + 1], bytes[from + 2]];
    const word = (first << 16) | ((second ?? 0) << 8) | (third ?? 0);
    pieces.push(
      alphabet.charAt(word >> 18),
      alphabet.charAt((word >> 12) & 63),
      second === undefined ? "=" : alphabet.charAt((word >> 6) & 63),
      third === undefined ? "=" : alphabet.charAt(word & 63),
    );
  }
  return pieces.join("");
}

/** @throws SessileError `bad_request` for anything that `encodeBase64` would not have written */
export function decodeBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw notBase64();
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const letters = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let [word, bits, at] = [0, 0, 0];
  for (let index = 0; index < letters; index++) {
    const value = letterValues[text.charCodeAt(index)] ?? 255;
    if (value === 255) throw notBase64();
    word = ((word << 6) | value) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (word >> bits) & 255;
  }
  // Bits left over must be zero, or two texts would mean the same bytes.
  if ((word & ((1 << bits) - 1)) !== 0) throw notBase64();
  return bytes;
}

function notBase64(): SessileError {
  return new SessileError("bad_request", "This is no base64.", { field: "base64" });
}
