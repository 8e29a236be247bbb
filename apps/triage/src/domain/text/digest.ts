const encoder = new TextEncoder();

/** Lower-case hex SHA-256 of the UTF-8 text. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
  let hex = "";
  for (const byte of digest) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

/** RFC 4648 §6 alphabet in lower case: safe in URLs, object names and file names. */
const base32Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * 60 bits of a hash as 12 base32 characters, synchronously: an incident's name must be computable inside a transaction,
 * where Web Crypto's promise cannot be awaited. Two independent 32-bit murmur-style lanes; not a cryptographic hash, and
 * none is needed: the name is no secret and the key it stands for is stored beside it.
 */
export function shortName(text: string): string {
  let left = 0xdeadbeef;
  let right = 0x41c6ce57;
  for (const byte of encoder.encode(text)) {
    left = Math.imul(left ^ byte, 2654435761);
    right = Math.imul(right ^ byte, 1597334677);
  }
  left = Math.imul(left ^ (left >>> 16), 2246822507) ^ Math.imul(right ^ (right >>> 13), 3266489909);
  right = Math.imul(right ^ (right >>> 16), 2246822507) ^ Math.imul(left ^ (left >>> 13), 3266489909);
  return thirtyBits(left) + thirtyBits(right);
}

function thirtyBits(word: number): string {
  let name = "";
  for (let shift = 0; shift < 30; shift += 5) name += base32Alphabet[(word >>> shift) & 31] ?? "";
  return name;
}
