import type { Json } from "../protocol/json.ts";
import { isTextType } from "../protocol/stream.ts";
import { chunkBytes } from "../protocol/stream-chunk.ts";

/** Chunks from where the ones before ended. */
interface Piece {
  readonly chunks: readonly Json[];
  /** The offset after them. */
  readonly to: number;
}

/**
 * Holds back the chunks at the end of a text that have no more than the beginning of a letter: whoever is cut off there comes back
 * for them, and gets the letter whole.
 */
export class WholeLetters {
  readonly #isText: boolean;
  #held: readonly Json[] = [];
  #to: number;

  /** @param at where the first chunk lies */
  constructor(contentType: string, at: number) {
    this.#isText = isTextType(contentType);
    this.#to = at;
  }

  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** @param isEnd nothing follows that could complete a letter */
  take({ chunks, to }: Piece, isEnd: boolean): Piece {
    // Where some were withdrawn in between it is not known which chunk lies where.
    const isGapless = to - this.#to === chunks.length;
    const known = [...this.#held, ...chunks];
    const count = this.#isText && isGapless && !isEnd ? chunksOfCutLetter(known) : 0;
    this.#held = known.slice(known.length - count);
    this.#to = to;
    return { chunks: known.slice(0, known.length - count), to: to - count };
  }
}

/** How many of the last chunks it takes for the beginning of a letter that they do not end. */
function chunksOfCutLetter(chunks: readonly Json[]): number {
  let bytes = 0;
  for (let count = 1; count <= chunks.length; count++) {
    const chunk = chunks.at(-count);
    // A text has whole letters.
    if (chunk === undefined || typeof chunk === "string") return 0;
    for (const byte of chunkBytes(chunk).subarray(-4).reverse()) {
      bytes += 1;
      if (bytes > 3) return 0;
      const isInside = byte >= 0x80 && byte < 0xc0;
      if (!isInside) return bytes < letterBytes(byte) ? count : 0;
    }
  }
  return 0;
}

/** How many bytes a letter of UTF-8 has that begins with this one. */
function letterBytes(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}
