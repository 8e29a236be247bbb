/** Bytes that may wait for a reader who does not take them. */
const maxWaitingBytes = 1024 * 1024;

/** A response's body that is written as things happen, and tells when its reader is slower than they are. */
export class PacedBody {
  readonly stream: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #waitingBytes = 0;
  #room: PromiseWithResolvers<void> | null = null;
  #isOver = false;

  /** @param onLeft the reader has gone */
  constructor(onLeft: () => void) {
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: ({ desiredSize }) => {
        if ((desiredSize ?? 0) > 0) this.#taken();
      },
      cancel: () => {
        this.#isOver = true;
        onLeft();
      },
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get hasRoom(): boolean {
    return this.#waitingBytes < maxWaitingBytes && !this.#isOver;
  }

  /** Resolves once there is room: never, if the body ends before. */
  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  write(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#waitingBytes += bytes.length;
    this.#controller?.enqueue(bytes);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller?.close();
  }

  /** An error, not a clean end: the reader must come back, and knows from where. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller?.error(error);
  }

  #taken(): void {
    this.#waitingBytes = 0;
    this.#room?.resolve();
    this.#room = null;
  }
}
