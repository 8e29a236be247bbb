import { bufferedBytes } from "../buffered-bytes.ts";

/** What waits in the sockets of all readers together, against what the object can bear. */
export class ReaderBuffers {
  readonly #maxBytes: number;
  readonly #sockets: { readonly size: number; keys(): Iterable<WebSocket> };
  readonly #now: () => number;
  #countedAt = Number.NaN;
  #bytes = 0;

  constructor(
    maxBytes: number,
    sockets: { readonly size: number; keys(): Iterable<WebSocket> },
    now: () => number,
  ) {
    this.#maxBytes = maxBytes;
    this.#sockets = sockets;
    this.#now = now;
  }

  /** The more readers there are, the less may wait for each. */
  get shareBytes(): number {
    return this.#maxBytes / Math.max(1, this.#sockets.size);
  }

  isSlow(socket: WebSocket): boolean {
    return bufferedBytes(socket) > this.shareBytes;
  }

  /** Whether so much more may wait. Counted once a turn, because the clock stands still within one: for thousands it takes a while. */
  hasRoom(bytes: number): boolean {
    const now = this.#now();
    if (now !== this.#countedAt) {
      this.#countedAt = now;
      this.#bytes = 0;
      for (const socket of this.#sockets.keys()) this.#bytes += bufferedBytes(socket);
    }
    return this.#bytes + bytes <= this.#maxBytes;
  }

  sent(bytes: number): void {
    this.#bytes += bytes;
  }
}
