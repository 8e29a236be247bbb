const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * The event's ULID, computed instead of stored: 48 bits of time, then 40 bits from the session's address and 40 bits of seq.
 * The same event therefore has the same id wherever it is read from, and ids of one session sort as their seqs do.
 */
export function eventIdOf(sessionKey: number, seq: number, createdAt: number): string {
  return encode(createdAt, 10) + encode(sessionKey, 8) + encode(seq, 8);
}

/** 40 bits that stand for a session's address: FNV-1a over kind and name, folded from two 32-bit lanes. */
export function sessionKeyOf(kind: string, name: string): number {
  const text = `${kind}/${name}`;
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193) >>> 0;
    high = Math.imul(high ^ (code + index), 0x85ebca6b) >>> 0;
  }
  return (high & 0xff) * 2 ** 32 + low;
}

/** Crockford base 32, most significant first, as ULID's specification asks (github.com/ulid/spec). */
function encode(value: number, length: number): string {
  let rest = value;
  let text = "";
  for (let place = 0; place < length; place++) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
