/**
 * SHA-256 of a text's UTF-8, in hexadecimal (FIPS 180-4). Written out because the chain of a log is computed one short
 * event after the other: the platform's digest is asynchronous, and its hop costs several times the hash itself.
 * Not for secrets: nothing here is constant-time.
 */
export type Sha256 = (text: string) => string;

const roundConstants = new Uint32Array(64);
const initial = new Uint32Array(8);
fillConstants();

/** One text at a time is hashed, so the work area is shared; it grows to the longest text seen. */
let bytes = new Uint8Array(4096);
const words = new Uint32Array(64);
const state = new Uint32Array(8);

export function sha256Hex(text: string): string {
  const length = encode(text);
  state.set(initial);
  return finish(length, length);
}

/** Pads and hashes the `length` bytes that are left of `total`. */
function finish(length: number, total: number): string {
  const padded = (length + 9 + 63) & ~63;
  bytes.fill(0, length, padded);
  bytes[length] = 0x80;
  // The length in bits, 64 of them.
  writeWord(padded - 8, Math.floor(total / 0x20000000));
  writeWord(padded - 4, total << 3);
  for (let from = 0; from < padded; from += 64) compress(from);
  let hex = "";
  for (const word of state) hex += word.toString(16).padStart(8, "0");
  return hex;
}

/** SHA-256 of bytes as they come, for where no platform's digest is at hand. */
export class BytesHash {
  readonly #state = initial.slice();
  /** Less than a block, waiting for more. */
  #rest = new Uint8Array(0);
  #length = 0;

  update(chunk: Uint8Array): void {
    const length = this.#rest.length + chunk.length;
    const blocks = length & ~63;
    reserve(length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    state.set(this.#state);
    for (let from = 0; from < blocks; from += 64) compress(from);
    this.#state.set(state);
    this.#rest = bytes.slice(blocks, length);
    this.#length += chunk.length;
  }

  /** The hash of all there was; nothing can follow. */
  hex(): string {
    reserve(128);
    bytes.set(this.#rest);
    state.set(this.#state);
    return finish(this.#rest.length, this.#length);
  }
}

/** The first 32 bits of the fractional parts of the roots of the first primes, as the standard defines its constants. */
function fillConstants(): void {
  const fraction = (root: number): number => Math.floor((root - Math.floor(root)) * 2 ** 32);
  let count = 0;
  for (let candidate = 2; count < 64; candidate++) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) {
      if (candidate % divisor === 0) isPrime = false;
    }
    if (!isPrime) continue;
    if (count < 8) initial[count] = fraction(Math.sqrt(candidate));
    roundConstants[count] = fraction(Math.cbrt(candidate));
    count += 1;
  }
}

function compress(from: number): void {
  for (let index = 0; index < 16; index++) {
    const at = from + index * 4;
    words[index] =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number);
  }
  for (let index = 16; index < 64; index++) {
    const w15 = words[index - 15] as number;
    const w2 = words[index - 2] as number;
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    words[index] = (words[index - 16] as number) + s0 + (words[index - 7] as number) + s1;
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  for (let index = 0; index < 64; index++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + s1 + choice + (roundConstants[index] as number) + (words[index] as number)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + s0 + majority) | 0;
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
  state[4] = (state[4] as number) + e;
  state[5] = (state[5] as number) + f;
  state[6] = (state[6] as number) + g;
  state[7] = (state[7] as number) + h;
}

function reserve(length: number): void {
  if (bytes.length < length + 72) bytes = new Uint8Array(length + 4096);
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function writeWord(at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** UTF-8 into the work area, which afterwards has room for the padding. @returns the number of bytes */
function encode(text: string): number {
  reserve(text.length * 3);
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      bytes[at++] = unit;
      continue;
    }
    let point = unit;
    if (unit >= 0xd800 && unit <= 0xdfff) {
      point = text.codePointAt(index) as number;
      // Half a pair has no UTF-8; TextEncoder writes the replacement character, and so does this.
      if (point <= 0xffff) point = 0xfffd;
      else index += 1;
    }
    if (point < 0x800) bytes[at++] = 0xc0 | (point >> 6);
    else {
      if (point < 0x10000) bytes[at++] = 0xe0 | (point >> 12);
      else {
        bytes[at++] = 0xf0 | (point >> 18);
        bytes[at++] = 0x80 | ((point >> 12) & 63);
      }
      bytes[at++] = 0x80 | ((point >> 6) & 63);
    }
    bytes[at++] = 0x80 | (point & 63);
  }
  return at;
}
