import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

/**
 * A WebSocket client that costs next to nothing, so that the load shares a small machine fairly with what it measures:
 * frames come ready-made (`FrameTape`), many go out in one write, and the mask is zero, which leaves the payload as it
 * is. Only what a load needs of RFC 6455: unfragmented frames, no extensions.
 */
export class RawSocket {
  /** Payloads in order; the buffer is only valid during the call. */
  onFrame: (payload: Buffer) => void = () => {};
  /** After all frames of one chunk. */
  onDrained: () => void = () => {};
  onEnd: (reason: string) => void = () => {};
  readonly #socket: Socket;
  #rest: Buffer | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static open(url: URL, subprotocol?: string): Promise<RawSocket> {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    socket.write(upgradeRequest(url, subprotocol));
    return new Promise((resolve, reject) => {
      let head = Buffer.alloc(0);
      const fail = (reason: string): void => {
        reject(new Error(`${url.pathname}: ${reason}`));
      };
      const onData = (chunk: Buffer): void => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        socket.off("data", onData);
        if (!head.subarray(0, end).includes(" 101 ")) {
          fail(head.toString("utf8", 0, 300));
          return;
        }
        const opened = new RawSocket(socket);
        socket.removeAllListeners("error");
        opened.#listen();
        resolve(opened);
        // The caller sets its handlers first; what comes before that goes behind what came with the head.
        const rest = head.subarray(end + 4);
        if (rest.length === 0) return;
        opened.#rest = rest;
        setImmediate(() => opened.#receive(Buffer.alloc(0)));
      };
      socket.on("data", onData);
      socket.on("error", (error) => fail(error.message));
    });
  }

  sendText(text: string): void {
    this.#socket.write(encodeFrame(text));
  }

  /** One or more whole frames. */
  write(frames: Buffer): void {
    this.#socket.write(frames);
  }

  close(): void {
    this.onEnd = () => {};
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("close", () => this.onEnd("closed"));
    this.#socket.on("error", (error) => this.onEnd(error.message));
  }

  #receive(chunk: Buffer): void {
    let data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (let size = frameSize(data); size !== null && size.total <= data.length; size = frameSize(data)) {
      const opcode = (data[0] as number) & 0x0f;
      if (opcode === 1) this.onFrame(data.subarray(size.head, size.total));
      else if (opcode === 8)
        this.onEnd(`closed by the server: ${data.toString("utf8", size.head + 2, size.total)}`);
      data = data.subarray(size.total);
    }
    this.#rest = data.length > 0 ? data : null;
    this.onDrained();
  }
}

function frameSize(data: Buffer): { readonly head: number; readonly total: number } | null {
  if (data.length < 2) return null;
  const short = (data[1] as number) & 0x7f;
  if (short < 126) return { head: 2, total: 2 + short };
  if (short === 126) return data.length < 4 ? null : { head: 4, total: 4 + data.readUInt16BE(2) };
  return data.length < 10 ? null : { head: 10, total: 10 + Number(data.readBigUInt64BE(2)) };
}

/** A masked text frame with a mask of zero. */
export function encodeFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + extra + 4 + length);
  frame[0] = 0x81;
  frame[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) frame.writeUInt16BE(length, 2);
  if (extra === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.write(text, 6 + extra);
  return frame;
}

function upgradeRequest(url: URL, subprotocol: string | undefined): string {
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}
