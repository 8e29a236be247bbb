import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A loopback port in front of a server that can be cut and mended: what a browser behind it sees is a network that is gone. */
export class CuttableNetwork {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  #target: number | null = null;
  #isCut = false;

  private constructor(listener: Server) {
    this.#listener = listener;
    listener.on("connection", (socket) => this.#join(socket));
  }

  static async open(): Promise<CuttableNetwork> {
    const listener = createServer();
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    return new CuttableNetwork(listener);
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  leadTo(port: number): void {
    this.#target = port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#listener.close();
    await once(this.#listener, "close");
  }

  #join(near: Socket): void {
    if (this.#isCut || this.#target === null) {
      near.destroy();
      return;
    }
    const far = connect(this.#target, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
