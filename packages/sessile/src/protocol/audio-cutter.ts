import { audioBytesPerMs } from "./audio-frame.ts";

/** What a cutter makes: long enough for few frames, short enough not to be heard as a delay. */
export const cutFrameMs = 200;
const cutBytes = cutFrameMs * audioBytesPerMs;

/** Cuts PCM that comes in pieces of any size into pieces that fit a frame. */
export class AudioCutter {
  #held = new Uint8Array(cutBytes);
  #heldBytes = 0;

  /** Takes the bytes in, and gives the whole pieces there are now. */
  push(bytes: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.byteLength; ) {
      const taken = bytes.subarray(at, at + cutBytes - this.#heldBytes);
      this.#held.set(taken, this.#heldBytes);
      this.#heldBytes += taken.byteLength;
      at += taken.byteLength;
      if (this.#heldBytes === cutBytes) pieces.push(this.#take());
    }
    return pieces;
  }

  /** What is left, followed by silence; null if nothing is. */
  flush(): Uint8Array | null {
    return this.#heldBytes === 0 ? null : this.#take();
  }

  #take(): Uint8Array {
    const piece = this.#held;
    this.#held = new Uint8Array(cutBytes);
    this.#heldBytes = 0;
    return piece;
  }
}
