import type { Wire } from "./wire.ts";

/** A wire as one instance of the object sees it; the next instance gets a new one of these. */
export class ServerSocket {
  readonly wire: Wire;
  readonly #output: (send: () => void) => void;

  constructor(wire: Wire, output: (send: () => void) => void) {
    this.wire = wire;
    this.#output = output;
  }

  readonly bufferedAmount = 0;

  send(text: string): void {
    if (this.wire.isClosing || !this.wire.isHeld) throw new TypeError("The socket has been closed.");
    this.#output(() => this.wire.toClient({ is: "text", text }));
  }

  close(code: number): void {
    if (this.wire.isClosing) return;
    this.wire.isClosing = true;
    this.#output(() => this.wire.toClient({ is: "close", code }));
  }

  /** Kept as text: what hibernates must survive without the objects it was made of. */
  serializeAttachment(value: unknown): void {
    this.wire.attachment = JSON.stringify(value);
  }

  deserializeAttachment(): unknown {
    return this.wire.attachment === null ? null : JSON.parse(this.wire.attachment);
  }
}
