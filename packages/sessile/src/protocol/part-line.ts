import { decodeBase64, encodeBase64 } from "./base64.ts";
import { partChunkBytes } from "./part.ts";
import { BytesHash } from "./sha256.ts";

/** A stretch of a part as an export holds it. */
export interface PartPiece {
  readonly hash: string;
  /** Offset of `data` in the part. */
  readonly at: number;
  /** Bytes of the whole part. */
  readonly of: number;
  readonly data: Uint8Array;
}

/** One line of an export, without its newline. */
export function partLine({ hash, at, of, data }: PartPiece): string {
  return JSON.stringify({ part: hash, at, of, data: encodeBase64(data) });
}

const lineForm = /^\{"part":"([0-9a-f]{64})","at":(\d{1,12}),"of":(\d{1,12}),"data":"([A-Za-z0-9+/=]+)"\}$/;

/** Reads the lines of parts, each part's in order and without anything between, and checks their bytes against their names. */
export class PartLines {
  #hash: BytesHash | null = null;
  #name = "";
  #at = 0;
  #of = 0;
  #whole = 0;

  /** Parts read to their end. */
  get whole(): number {
    return this.#whole;
  }

  /** @returns what is on the line, or what is wrong with it */
  take(line: string): PartPiece | string {
    const [, hash = "", at = "", of = "", text = ""] = lineForm.exec(line) ?? [];
    const data = bytesOf(text);
    if (hash === "" || !data) return "A line of a part is missing or damaged.";
    const piece: PartPiece = { hash, at: Number(at), of: Number(of), data };
    if (this.#hash === null) this.#begin(piece);
    const isNext =
      hash === this.#name &&
      piece.at === this.#at &&
      piece.of === this.#of &&
      data.length === Math.min(partChunkBytes, this.#of - this.#at) &&
      partLine(piece) === line;
    if (!isNext)
      return `Part ${this.#name} goes on here at byte ${this.#at}: a line is missing or out of order.`;
    this.#hash?.update(data);
    this.#at += data.length;
    if (this.#at < this.#of) return piece;
    const found = this.#hash?.hex();
    this.#hash = null;
    this.#whole += 1;
    return found === hash ? piece : `Part ${hash} does not match its hash: its bytes were changed.`;
  }

  #begin({ hash, of }: PartPiece): void {
    this.#hash = new BytesHash();
    this.#name = hash;
    this.#at = 0;
    this.#of = of;
  }
}

function bytesOf(text: string): Uint8Array | null {
  try {
    return decodeBase64(text);
  } catch {
    return null;
  }
}
