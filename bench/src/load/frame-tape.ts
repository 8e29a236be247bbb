import { encodeFrame } from "./raw-socket.ts";

const digits = 7;
const firstNumber = 1_000_000;
const firstBlockFrames = 16;
const maxBlockFrames = 4096;
/** Stands in a template for the number of a command. */
export const numberHole = "#".repeat(digits);

/**
 * An endless tape of frames that differ only in their commands' numbers, written ahead in blocks. Making a frame costs
 * one copy and a few digits, and taking any number of them costs one slice.
 */
export class FrameTape {
  readonly #template: Buffer;
  readonly #holes: readonly number[];
  #block: Buffer = Buffer.alloc(0);
  #next = firstNumber;
  /** Grows, so that a tape that is hardly used stays small. */
  #blockFrames = firstBlockFrames;

  /** @param template frame text with `numberHole` wherever a command's number goes */
  constructor(template: string) {
    this.#template = encodeFrame(template);
    this.#holes = findHoles(this.#template);
  }

  /** The next `count` frames, ready for one write. */
  take(count: number): Buffer {
    const size = this.#template.length * count;
    if (this.#block.length < size) this.#refill(count);
    const taken = this.#block.subarray(0, size);
    this.#block = this.#block.subarray(size);
    return taken;
  }

  /** A new block, because the old one may still wait in a socket. */
  #refill(count: number): void {
    const fresh = Math.max(count, Math.ceil(this.#blockFrames / this.#holes.length));
    this.#blockFrames = Math.min(maxBlockFrames, this.#blockFrames * 2);
    const unused = this.#block;
    const block = Buffer.allocUnsafe(unused.length + fresh * this.#template.length);
    unused.copy(block);
    for (let frame = 0; frame < fresh; frame++) {
      const at = unused.length + frame * this.#template.length;
      this.#template.copy(block, at);
      for (const hole of this.#holes) writeDigits(block, at + hole, this.#next++);
    }
    this.#block = block;
  }
}

function writeDigits(target: Buffer, at: number, value: number): void {
  let rest = value;
  for (let place = digits - 1; place >= 0; place--) {
    target[at + place] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

function findHoles(template: Buffer): readonly number[] {
  const holes: number[] = [];
  for (let at = template.indexOf(numberHole); at >= 0; at = template.indexOf(numberHole, at + digits))
    holes.push(at);
  return holes;
}
